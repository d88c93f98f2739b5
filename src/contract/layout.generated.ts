// Made by `npm run generate`; do not edit.
/**
 * The objects in a datastore: builds and parses their keys, which are below the datastore's own root. From
 * `schemas/layout.json`.
 */

import { keyTemplate } from './key-template.ts';

/** Names that no flow can have: below nuvopipe's folder they stand where flows do. */
export const RESERVED_FLOW_NAMES: ReadonlySet<string> = new Set(['live', 'cache', 'slots', '_plans']);

/**
 * The folder of packages. It stands there too, but its objects look like those of no run: a flow may have this name.
 */
export const LAYERS_NAME = 'layers';

/** Prefixes of keys, for lists. */
export const prefixes = {
  /** `_nuvopipe/`: All that nuvopipe keeps in the datastore, beside Metaflow's own tree. */
  root: '_nuvopipe/',
  /** `_nuvopipe/<flow>/`: The runs of a flow. */
  flow: keyTemplate<{ flow: string }>('_nuvopipe/{flow}/'),
  /** `_nuvopipe/<flow>/<run>/`: A run. */
  run: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/'),
  /** `_nuvopipe/<flow>/<run>/tasks/`: Records of the attempts at a run's tasks. */
  tasks: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/tasks/'),
  /** `_nuvopipe/<flow>/<run>/tasks/<step>/`: Records of the attempts at one step's tasks. */
  step: keyTemplate<{ flow: string; run: string; step: string }>('_nuvopipe/{flow}/{run}/tasks/{step}/'),
  /** `_nuvopipe/<flow>/<run>/tasks/<step>/<task>/`: Records of one task's attempts. */
  task: keyTemplate<{ flow: string; run: string; step: string; task: string }>('_nuvopipe/{flow}/{run}/tasks/{step}/{task}/'),
  /** `_nuvopipe/<flow>/<run>/pools/`: Pools of a run. */
  pools: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/pools/'),
  /** `_nuvopipe/<flow>/<run>/pools/<opener>/<task>/`: The pool that a task of the step `opener` opened. */
  pool: keyTemplate<{ flow: string; run: string; opener: string; task: string }>('_nuvopipe/{flow}/{run}/pools/{opener}/{task}/'),
  /** `_nuvopipe/<flow>/<run>/tasks/<step>/<task>/failed-`: Records of a task's attempts that failed. */
  failedAttempts: keyTemplate<{ flow: string; run: string; step: string; task: string }>('_nuvopipe/{flow}/{run}/tasks/{step}/{task}/failed-'),
  /** `_nuvopipe/<flow>/<run>/pools/<opener>/<task>/claims/`: Claims of a pool's items. */
  poolClaims: keyTemplate<{ flow: string; run: string; opener: string; task: string }>('_nuvopipe/{flow}/{run}/pools/{opener}/{task}/claims/'),
  /** `_nuvopipe/<flow>/<run>/pools/<opener>/<task>/failed/`: Failures of items that did not fail the run. */
  failedItems: keyTemplate<{ flow: string; run: string; opener: string; task: string }>('_nuvopipe/{flow}/{run}/pools/{opener}/{task}/failed/'),
  /** `_nuvopipe/<flow>/<run>/logs/`: What running steps have written so far. */
  logs: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/logs/'),
  /** `_nuvopipe/<flow>/<run>/logs/<step>/<task>/<attempt>/<activation>/`: The output of one execution of a task. */
  log: keyTemplate<{ flow: string; run: string; step: string; task: string; attempt: number; activation: string }>('_nuvopipe/{flow}/{run}/logs/{step}/{task}/{attempt:1}/{activation}/'),
  /** `_nuvopipe/<flow>/<run>/children/`: Runs that steps have started. */
  children: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/children/'),
  /** `_nuvopipe/<flow>/<run>/children/<step>/<task>/`: Runs that one task has started. */
  taskChildren: keyTemplate<{ flow: string; run: string; step: string; task: string }>('_nuvopipe/{flow}/{run}/children/{step}/{task}/'),
  /** `_nuvopipe/_plans/`: Plans of the versions of flows that were deployed. */
  plans: '_nuvopipe/_plans/',
  /** `_nuvopipe/_plans/<flow>/`: Plans of one flow's versions. */
  flowPlans: keyTemplate<{ flow: string }>('_nuvopipe/_plans/{flow}/'),
  /** `_nuvopipe/live/`: The index of runs that are not over. */
  live: '_nuvopipe/live/',
  /** `_nuvopipe/live/<flow>/`: The index of one flow's live runs. */
  flowLive: keyTemplate<{ flow: string }>('_nuvopipe/live/{flow}/'),
  /** `_nuvopipe/cache/`: Artifacts to reuse. */
  cache: '_nuvopipe/cache/',
  /** `_nuvopipe/cache/<flow>/`: Artifacts of one flow to reuse. */
  flowCache: keyTemplate<{ flow: string }>('_nuvopipe/cache/{flow}/'),
  /** `_nuvopipe/slots/<flow>/`: Slots of a flow with `runs`. */
  flowSlots: keyTemplate<{ flow: string }>('_nuvopipe/slots/{flow}/'),
  /** `_nuvopipe/slots/<flow>/queue/`: Tickets of runs that wait for a slot. */
  queue: keyTemplate<{ flow: string }>('_nuvopipe/slots/{flow}/queue/'),
  /** `_nuvopipe/layers/`: Packages that flows ask for. */
  layers: '_nuvopipe/layers/',
  /** `<flow>/`: Metaflow's own tree of a flow. */
  metaflowFlow: keyTemplate<{ flow: string }>('{flow}/'),
  /** `<flow>/<run>/`: Metaflow's files of a run. */
  metaflowRun: keyTemplate<{ flow: string; run: string }>('{flow}/{run}/'),
} as const;

/** Keys of objects. Where a key fits two templates, the first one counts. */
export const keys = {
  /**
   * `_nuvopipe/_plans/<flow>/<hash>.json`: Plan of one version of a flow; the runs of the version have its hash as
   * `bundle`. Written by deploy.
   */
  plan: keyTemplate<{ flow: string; hash: string }>('_nuvopipe/_plans/{flow}/{hash}.json'),
  /** `_nuvopipe/live/<flow>/<run>`: LiveRecord, from before the run's record is written until after its result. */
  live: keyTemplate<{ flow: string; run: string }>('_nuvopipe/live/{flow}/{run}'),
  /** `_nuvopipe/cache/<flow>/<step>/<digest>`: CacheEntry. */
  cacheEntry: keyTemplate<{ flow: string; step: string; digest: string }>('_nuvopipe/cache/{flow}/{step}/{digest}'),
  /** `_nuvopipe/slots/<flow>/queue/<created>-<run>`: The run waits for a slot. */
  ticket: keyTemplate<{ flow: string; created: number; run: string }>('_nuvopipe/slots/{flow}/queue/{created:13}-{run}'),
  /** `_nuvopipe/slots/<flow>/<slot>`: `{run}`: the run that holds one of the slots of a flow with `runs`. */
  slot: keyTemplate<{ flow: string; slot: number }>('_nuvopipe/slots/{flow}/{slot:1}'),
  /** `_nuvopipe/layers/<layer>.zip`: The wheels of `environment.pip`, unpacked into one zip. */
  layer: keyTemplate<{ layer: string }>('_nuvopipe/layers/{layer}.zip'),
  /** `_nuvopipe/layers/<requirements>.lock.json`: The exact wheels that requirements were resolved to. */
  layerLock: keyTemplate<{ requirements: string }>('_nuvopipe/layers/{requirements}.lock.json'),
  /**
   * `_nuvopipe/probe-<mark>-<contest>`: Written and deleted by deploy, to find out whether conditional PUTs are atomic.
   */
  probe: keyTemplate<{ mark: string; contest: string }>('_nuvopipe/probe-{mark}-{contest}'),
  /** `_nuvopipe/<flow>/<run>/run.json`: RunRecord; written first, conditionally. */
  run: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/run.json'),
  /** `_nuvopipe/<flow>/<run>/secrets`: The run's secret parameters, sealed. */
  secrets: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/secrets'),
  /** `_nuvopipe/<flow>/<run>/tasks/<step>/<task>/commit`: TaskRecord of the one committed attempt. */
  commit: keyTemplate<{ flow: string; run: string; step: string; task: string }>('_nuvopipe/{flow}/{run}/tasks/{step}/{task}/commit'),
  /** `_nuvopipe/<flow>/<run>/tasks/<step>/<task>/failed-<attempt>`: TaskRecord of an attempt that failed. */
  failedAttempt: keyTemplate<{ flow: string; run: string; step: string; task: string; attempt: number }>('_nuvopipe/{flow}/{run}/tasks/{step}/{task}/failed-{attempt:1}'),
  /** `_nuvopipe/<flow>/<run>/pools/<opener>/<task>/open`: PoolRecord. */
  poolOpen: keyTemplate<{ flow: string; run: string; opener: string; task: string }>('_nuvopipe/{flow}/{run}/pools/{opener}/{task}/open'),
  /**
   * `_nuvopipe/<flow>/<run>/pools/<opener>/<task>/claims/<item>`: ClaimRecord; the item is done when the task of its
   * last step is committed.
   */
  poolClaim: keyTemplate<{ flow: string; run: string; opener: string; task: string; item: number }>('_nuvopipe/{flow}/{run}/pools/{opener}/{task}/claims/{item:1}'),
  /** `_nuvopipe/<flow>/<run>/pools/<opener>/<task>/join`: ClaimRecord. */
  poolJoin: keyTemplate<{ flow: string; run: string; opener: string; task: string }>('_nuvopipe/{flow}/{run}/pools/{opener}/{task}/join'),
  /**
   * `_nuvopipe/<flow>/<run>/pools/<opener>/<task>/failed/<item>`: RunFailure, with `item`: the foreach continues
   * without it.
   */
  failedItem: keyTemplate<{ flow: string; run: string; opener: string; task: string; item: number }>('_nuvopipe/{flow}/{run}/pools/{opener}/{task}/failed/{item:1}'),
  /** `_nuvopipe/<flow>/<run>/pools/<opener>/<task>/given-up`: The pool belongs to an item that failed. */
  givenUp: keyTemplate<{ flow: string; run: string; opener: string; task: string }>('_nuvopipe/{flow}/{run}/pools/{opener}/{task}/given-up'),
  /**
   * `_nuvopipe/<flow>/<run>/logs/<step>/<task>/<attempt>/<activation>/<part>.<stream>`: What a running step wrote;
   * deleted when its log is in Metaflow's tree.
   */
  logPart: keyTemplate<{ flow: string; run: string; step: string; task: string; attempt: number; activation: string; part: number; stream: string }>('_nuvopipe/{flow}/{run}/logs/{step}/{task}/{attempt:1}/{activation}/{part:5}.{stream}'),
  /** `_nuvopipe/<flow>/<run>/waiting`: WaitingRecord: a session waits until the platform accepts another one. */
  waiting: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/waiting'),
  /** `_nuvopipe/<flow>/<run>/given`: What the step of another flow gives the run that it starts; sealed. */
  given: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/given'),
  /** `_nuvopipe/<flow>/<run>/overdue`: A session waits for the end of the run's time limit. */
  overdue: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/overdue'),
  /**
   * `_nuvopipe/<flow>/<run>/children/<step>/<task>/<attempt>`: ChildRecord of the run that an attempt started and waits
   * for.
   */
  child: keyTemplate<{ flow: string; run: string; step: string; task: string; attempt: number }>('_nuvopipe/{flow}/{run}/children/{step}/{task}/{attempt:1}'),
  /** `_nuvopipe/<flow>/<run>/parent`: ParentRecord: a step of another run waits for this one. */
  parent: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/parent'),
  /** `_nuvopipe/<flow>/<run>/guard`: ClaimRecord of the session that watches over the run. */
  guard: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/guard'),
  /**
   * `_nuvopipe/<flow>/<run>/reused/<step>/<task>`: The task was not executed: its record was taken over from another
   * task.
   */
  reused: keyTemplate<{ flow: string; run: string; step: string; task: string }>('_nuvopipe/{flow}/{run}/reused/{step}/{task}'),
  /** `_nuvopipe/<flow>/<run>/failed`: RunFailure: every lane stops at its next step. */
  failed: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/failed'),
  /** `_nuvopipe/<flow>/<run>/cancelled`: The same for a run that was cancelled. */
  cancelled: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/cancelled'),
  /** `_nuvopipe/<flow>/<run>/result.json`: RunResult: the run is over. */
  result: keyTemplate<{ flow: string; run: string }>('_nuvopipe/{flow}/{run}/result.json'),
  /** `<flow>/data/<start>/<sha>`: Metaflow's content of an artifact; `start` is the first two digits of its SHA-1. */
  artifact: keyTemplate<{ flow: string; start: string; sha: string }>('{flow}/data/{start}/{sha}'),
  /** `<flow>/<run>/<step>/<task>/<number>.task_<stream>.log`: Metaflow's log of an attempt. */
  metaflowLog: keyTemplate<{ flow: string; run: string; step: string; task: string; number: string; stream: string }>('{flow}/{run}/{step}/{task}/{number}.task_{stream}.log'),
  /** `<flow>/<run>/<step>/<task>/<number>.attempt.json`: Metaflow's note that an attempt began. */
  metaflowAttempt: keyTemplate<{ flow: string; run: string; step: string; task: string; number: string }>('{flow}/{run}/{step}/{task}/{number}.attempt.json'),
  /** `<flow>/<run>/<step>/<task>/<number>.data.json`: Metaflow's list of the artifacts of an attempt. */
  metaflowData: keyTemplate<{ flow: string; run: string; step: string; task: string; number: string }>('{flow}/{run}/{step}/{task}/{number}.data.json'),
  /** `<flow>/<run>/<step>/<task>/<number>.DONE.lock`: Metaflow's note that an attempt is done. */
  metaflowDone: keyTemplate<{ flow: string; run: string; step: string; task: string; number: string }>('{flow}/{run}/{step}/{task}/{number}.DONE.lock'),
} as const;
