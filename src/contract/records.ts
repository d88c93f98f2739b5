import type { Envelope } from './envelope.ts';

/**
 * What a run leaves in the datastore beside Metaflow's own tree. `<root>` is the datastore's bucket and prefix
 * (`METAFLOW_DATASTORE_SYSROOT_S3`); Metaflow's tree is `<root>/<Flow>/…`, ours is under {@link runPrefix}:
 *
 * ```
 * run.json                          RunRecord; made first, conditionally
 * secrets                           its secret parameters, sealed: see `runtime/src/nuvopipe_runtime/sealing.py`
 * tasks/<step>/<task>/commit        TaskRecord of the one committed attempt
 * tasks/<step>/<task>/failed-<n>    TaskRecord of attempt n that failed
 * pools/<opener>/<task>/open        PoolRecord; <task> is the opener's
 * pools/<opener>/<task>/claims/<i>  ClaimRecord; the item is done when the task of its last step is committed
 * pools/<opener>/<task>/join        ClaimRecord
 * pools/<opener>/<task>/failed/<i>  RunFailure, with `item`: a foreach goes on without it
 * pools/<opener>/<task>/given-up    the pool is in an item that failed
 * logs/<step>/<task>/<attempt>/<activation>/<n>.<stream>
 *                                   what a running step wrote: gone when its log in Metaflow's tree is there
 * waiting                           a session waits for the platform to take another one: {since, reason}
 * overdue                           a session waits for the end of the run's time
 * children/<step>/<task>/<n>        ChildRecord of the run that attempt n of a step has started and waits for
 * parent                            ParentRecord: a step of another run waits for this one
 * guard                             ClaimRecord of the session that watches over the run
 * reused/<step>/<task>              the task was not executed: its record was taken over from another
 * failed                            RunFailure: every lane stops at its next step
 * cancelled                         likewise
 * result.json                       RunResult; the run is over
 * ```
 */
export function runPrefix(flow: string, run: string): string {
  return `_nuvopipe/${flow}/${run}/`;
}

/** Names below `_nuvopipe/` that no flow can have: of the index of live runs, the cache, and the slots of flows with `runs`. */
export const INDEX_FOLDERS: readonly string[] = ['live', 'cache', 'slots'];

/** The index of live runs: `_nuvopipe/live/<Flow>/<run>`, a LiveRecord, from before `run.json` to after `result.json`. */
export const LIVE_PREFIX = '_nuvopipe/live/';

/** A run's lease outside of all pools, and where a lost one is entered again. */
export interface LiveRecord {
  by: string;
  /** Epoch milliseconds. */
  expires: number;
  envelope: { step: string; at?: number[]; from?: [step: string, ...at: number[]] };
  /** Sweeps that have entered the run at this place since a step began there. */
  sweeps?: number;
}

/** A task's id says where it is in the flow: `t` at the top, `t-3-0` for item, or turn, 0 in item 3 of the outer scope. */
export function taskId(at: readonly number[]): string {
  return ['t', ...at].join('-');
}

/** Task id of the pseudo step `_parameters`. */
export const PARAMETERS_TASK = '0';

export interface RunRecord {
  version: 1;
  flow: string;
  run: string;
  /** Epoch milliseconds. */
  created: number;
  /** Activation id of the session's component that began the run. */
  by?: string;
  user: string;
  tags: string[];
  system_tags: string[];
  start: string;
  end: string;
  /** Hash of the bundle that the run was started from. */
  bundle: string;
  /** The run that this one resumes, and the step that is done again with all that follows. */
  origin?: { run: string; from?: string };
  /** The parameters that its client gave: a digest under a key of the datastore's, and the text of what is no secret. */
  given?: Record<string, { digest: string; shown?: string }>;
  /** Why it was refused for what it was given: it has failed, and nothing of it can be resumed. */
  refused?: string;
}

export interface ArtifactInfo {
  size: number;
  type: string;
  encoding: string;
}

/** Of an artifact that there is no more: which join dropped it, and why. */
export interface DroppedInfo {
  dropped: string;
  why: string;
}

export interface TaskRecord {
  version: 1;
  flow: string;
  run: string;
  step: string;
  task: string;
  attempt: number;
  at: number[];
  /** Epoch milliseconds. */
  started: number;
  ended: number;
  ok: boolean;
  /** As Metaflow's `<attempt>.data.json` has them. */
  objects: Record<string, string>;
  info: Record<string, ArtifactInfo | DroppedInfo>;
  /** As Metaflow's metadata service has them, less what the place of the record says already. */
  metadata: { field_name: string; value: string; type: string; tags: string[]; ts_epoch: number }[];
  /** Pathspecs (without the flow) of the tasks this one read, at most the first {@link PARENTS_MAX}. */
  parents: string[];
  /** The step that a decision led to. */
  chose?: string;
  /** Those to which only its other ways would have led, at most a hundred. */
  passed?: string[];
  /** foreach opener: number of items. */
  splits?: number;
  /** The end step's outputs. */
  outputs?: Record<string, unknown>;
  /** As {@link RunResult.exact}. */
  exact?: Record<string, string>;
  /** Activation id of the attempt. */
  by: string;
  /** What the attempt has written, if anything. */
  logs?: ('stdout' | 'stderr')[];
  /** A failed attempt: the last line of its traceback, or how its process ended. */
  error?: string;
  /** What `retry.on` may call it: names of the exception's classes, `timeout`, `crash`. */
  kinds?: string[];
  /** Pathspec of the task that this one was taken over from, by a resumed run. */
  origin?: string;
  /** Pathspec of the task that this one was taken over from, because the step has `cache: true`. */
  cached?: string;
  /** Of a step with `cache: true`: what its key was made of. */
  cache?: CacheFacts;
  /** Of a failed attempt: the number of the one that followed. */
  retried?: number;
  /** How many attempts there are at most, where there can be more than one. */
  attempts?: number;
}

/** Attempts that Metaflow's client knows of: its `MAX_ATTEMPTS`. */
export const METAFLOW_ATTEMPTS_MAX = 6;

/** By which number Metaflow's client knows an attempt; undefined where it knows it by none: one of many that failed. */
export function metaflowAttempt({ attempt, retried }: Pick<TaskRecord, 'attempt' | 'retried'>): number | undefined {
  const last = METAFLOW_ATTEMPTS_MAX - 1;
  if (attempt < last) return attempt;
  return retried === undefined ? last : undefined;
}

/** What the names of Metaflow's files of an attempt begin with; `number_of_files` of the runtime's `commit.py`. */
export function numberOfFiles(record: Pick<TaskRecord, 'attempt' | 'retried'>): string {
  return String(metaflowAttempt(record) ?? `${record.attempt}-failed`);
}

/** A join's parents follow from its pool; a record of 10,000 of them would only weigh. */
export const PARENTS_MAX = 16;

/** What tells a task of a step with `cache: true` from others, each part as the first {@link CACHE_PART_LENGTH} digits of a SHA-256. */
export interface CacheFacts {
  /** Of all parts, SHA-256 in full. */
  key: string;
  /** The artifacts are those of {@link TaskRecord.cached}. */
  hit: boolean;
  parts: {
    code: string;
    environment: string;
    /** Values of the secrets and secret parameters that the step can read, under a key that only the datastore's users have. */
    secrets?: string;
    /** Which item or turn it is, and which tasks a join reads. */
    place: string;
    /** By the name of the artifact or parameter, over all tasks that it comes from; those beyond {@link CACHE_INPUTS_MAX} as one, `…`. */
    inputs: Record<string, string>;
  };
}

export const CACHE_PART_LENGTH = 12;
export const CACHE_INPUTS_MAX = 64;

/** Artifacts to reuse: `_nuvopipe/cache/<Flow>/<step>/<key>`, a CacheEntry. */
export const CACHE_PREFIX = '_nuvopipe/cache/';

/** Holds the task's record itself, so that the run it came from may be deleted. */
export interface CacheEntry {
  version: 1;
  /** Last, to the day; epoch milliseconds. */
  used: number;
  record: TaskRecord;
}

export interface ChildRecord {
  flow: string;
  run: string;
  /** Of what it was given, under a key that only the datastore's users have. */
  given: string;
}

/** Who is to be started when a run has its result. */
export interface ParentRecord {
  /** A conductor, of the version that the waiting run is of. */
  action: string;
  envelope: Envelope;
}

export interface PoolRecord {
  items: number;
}

export interface ClaimRecord {
  /** Activation id of the session's component that made the claim. */
  by: string;
  /** Epoch milliseconds. */
  expires: number;
}

/** A session could not start another one. */
export interface WaitingRecord {
  /** Epoch milliseconds. */
  since: number;
  reason: string;
}

/** Where runs keep their state. Bound to step actions as the parameter `store`; secrets included, so never printed. */
export interface StoreSettings {
  bucket: string;
  /** Without leading or trailing slash; may be empty. */
  prefix: string;
  /** Absent: AWS itself. */
  endpoint?: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}
