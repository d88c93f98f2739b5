// Made by `npm run generate` from schemas/{plan,manifest,envelope,records}.v1.schema.json; do not edit.
import type { ExactNumber } from '../base/json.ts';

/**
 * `plan.json`: a compiled flow in the form that the runtime executes. The compiler writes it; it is in the step
 * action's zip beside `flow.py`, and deploying keeps it beside the runs.
 */
export interface Plan {
  version: 1;
  /** SHA-256 over everything a run executes: the rest of the plan, `flow.py`, and the user's files beside it. */
  hash: Sha256;
  /** Name of the flow, of its class in `flow.py` and of the conductor action. */
  flow: string;
  description?: string;
  /** Tags of every run. */
  tags: string[];
  /** The first step. */
  start: string;
  /** The last step; its task holds the run's outputs. */
  end: string;
  parameters: Record<string, PlannedParameter>;
  /** Artifacts of the end step returned as the run's result. */
  outputs: string[];
  steps: Record<string, PlannedStep>;
  /** By the name of the step that opens the pool. */
  pools: Record<string, PlannedPool>;
  /** By the name of the loop, as steps have it in `within`. */
  loops: Record<string, PlannedLoop>;
  /** The first of the steps that run after a failure. */
  onFailure?: string;
  /** Time limit of a whole run. */
  timeoutMs?: number;
  runs?: PlannedRuns;
  /** The flow is deployed as a native sequence: it has no conductor, and sessions are never handed over. */
  isSequence?: true;
  /** By name, such as `p512-120s`. */
  profiles: Record<string, Profile>;
  /**
   * Profiles whose actions act as stand-ins for an action that cannot start, in the order in which they are tried.
   * Absent if no action of the flow is more likely to start than the step's own.
   */
  standIns?: string[];
  /** The flow file: its base name as users know it, and its name beside `flow.py` in the zip. */
  source: { name: string; file: string };
  /** Functions of `flow.py` whose body comes from the flow file, by function name. */
  sourceMap: Record<string, SourceRange>;
}

/** Hexadecimal digits. */
export type Sha256 = string;

export type ParameterType = 'string' | 'integer' | 'number' | 'boolean' | 'json' | 'secret' | 'file';

export interface PlannedParameter {
  type: ParameterType;
  /** For a file, its path beside `flow.py`. */
  default?: unknown;
  required: boolean;
  help?: string;
  enum?: unknown[];
  min?: ExactNumber;
  max?: ExactNumber;
  /** Python's `re.fullmatch` must accept the value. */
  pattern?: string;
  /** A binary file; its content is sent in base64. */
  binary?: true;
}

export interface PlannedStep {
  /** The basic block of the composition that runs this step. */
  block: string;
  profile: string;
  /** The user's time limit for one attempt. */
  timeoutMs: number;
  /**
   * Scopes around the step, outermost first: pools, by their openers, of whose items it is a step, and loops. A task's
   * `at` has one index for each: the item's or the turn's.
   */
  within: string[];
  /** The opener of the pool that this step joins. */
  joins?: string;
  next: Next;
  retry?: PlannedRetry;
  /** A synthetic step: it contains no user code, so it may be executed again after its container is lost. */
  made?: true;
  /** After the last attempt, the failure is stored in an artifact and the flow continues. */
  catches?: true;
  call?: PlannedCall;
  cache?: PlannedCache;
  /** Environment variables of this step alone. */
  vars?: Record<string, string>;
  /** Names of the secrets in the step's environment. */
  secrets?: string[];
}

/**
 * What follows a step: another step; one of several steps, which the task chooses; a pool that it opens; the end of its
 * item (then the pool's next item or join); the end of the flow; the end of what runs after a failure.
 */
export type Next =
  | { step: string }
  | { choose: string[] }
  | { open: string }
  | { done: string }
  | { end: true }
  | { handled: true };

export interface PlannedRetry {
  /** Maximum number of repetitions of a failed attempt. */
  times: number;
  /** Pause before the first repetition; each further pause is `factor` times as long, up to `maxMs`. */
  backoffMs: number;
  factor: number;
  maxMs: number;
  /** Random part of a pause, 0 to 1. */
  jitter: number;
  /** Time limit for all attempts together, pauses included. */
  withinMs?: number;
  /** Names of exception classes, `timeout`, `crash`; empty: every failure. */
  on: string[];
}

/**
 * What is invoked for the step outside its own activation: an action, by the conductor, or a flow, which the runtime
 * starts and waits for.
 */
export type PlannedCall =
  | { action: string }
  | { flow: string; detach: boolean; timeoutMs?: number };

/** The step's artifacts are reused if all of this is the same, and its inputs are too. */
export interface PlannedCache {
  /** SHA-256 over what the compiler made of the step and all that it uses, and over the flow's code files. */
  code: Sha256;
  /** SHA-256 over variables, image and requirements. The runtime adds what they amount to in a container. */
  environment: Sha256;
}

export interface PlannedPool {
  kind: 'foreach' | 'branches';
  /** foreach: the artifact of the opener that holds the items. */
  over?: string;
  /** branches: the names, in the order of `first`. */
  branches?: string[];
  /** First step of an item: one for a foreach, one per branch for branches. */
  first: string[];
  /** Last step of an item, in the same order. */
  last: string[];
  join: string;
  /** Maximum number of lanes. */
  concurrency: number;
  /** Maximum number of items that a lane processes in one activation. */
  batch?: number;
  minSuccess?: MinSuccess;
}

/**
 * A failing item does not stop the others of a foreach if this many succeed: a number, or a part of all (above 0, up to
 * 1).
 */
export type MinSuccess =
  | { count: number }
  | { part: number };

export interface PlannedLoop {
  /** The first step of a turn. */
  first: string;
  /** Maximum number of turns. */
  max?: number;
  /** Pause between two turns. */
  pauseMs?: number;
}

/** How many runs execute at once, and what happens to further ones. */
export interface PlannedRuns {
  atOnce: number;
  beyond: 'queue' | 'skip' | 'cancel';
}

/**
 * One step action is deployed per profile: steps with the same memory, time limit, image and packages share warm
 * containers.
 */
export interface Profile {
  memoryMB: number;
  /** The action's limit: the longest step of the profile and the runtime's own margin. */
  timeLimitMs: number;
  /** The requirements of `environment.pip`, sorted. */
  pip?: string[];
  /** Replaces OpenWhisk's Python. */
  image?: string;
}

export interface SourceRange {
  /** First line of the body in `flow.py`, from 1. */
  line: number;
  /** Line of the flow file that this first line comes from, from 1. */
  sourceLine: number;
  /** Number of lines. */
  lines: number;
  /**
   * Line of the flow file of each line, if they do not follow one another as in `flow.py`: in folded or quoted text.
   */
  sourceLines?: number[];
}

/** `manifest.json`: the contents of a bundle and how to deploy them. */
export interface Manifest {
  version: 1;
  flow: string;
  /** The version of nuvopipe that compiled the bundle. */
  compiler: string;
  /** SHA-256 over all other files of the bundle. */
  hash: Sha256;
  /** Package of the versioned actions and of `wait`: `<flow>.steps`. */
  package: string;
  /** Version of the flow; its runs finish on what was deployed with it. */
  flowVersion: string;
  conductor: ManifestConductor;
  /** Step actions in the order of the steps: the flow is deployed as this sequence, without conductors and `wait`. */
  sequence?: string[];
  wait: ManifestWait;
  /** One per profile; all share one zip. */
  steps: ManifestStep[];
  /** Triggers that start the flow; absent if there are none. */
  triggers?: ManifestTrigger[];
  /** SHA-256 of every file of the bundle. */
  files: Record<string, Sha256>;
}

export interface ManifestConductor {
  /** What clients invoke: always the current version. */
  name: string;
  /** The same action once more, in the package, for the runs of this version. */
  versioned: string;
  kind: 'nodejs:20';
  file: 'conductor.js';
  memoryMB: number;
  timeLimitMs: number;
}

/** Pauses a session outside any step's container; its argument is `{wait}` in milliseconds. */
export interface ManifestWait {
  name: 'wait';
  kind: 'nodejs:20';
  file: 'wait.js';
  memoryMB: number;
  timeLimitMs: number;
}

export interface ManifestStep {
  name: string;
  profile: string;
  kind: 'python:3';
  /** Runs the action instead of the kind. */
  image?: string;
  file: 'step.zip';
  memoryMB: number;
  timeLimitMs: number;
}

/** A trigger, and the rule by which it invokes the conductor. */
export interface ManifestTrigger {
  /** `HelloFlow.schedule-1a2b3c`; under `on` as the flow names it: `uploads`, `/namespace/uploads`. */
  name: string;
  rule: string;
  /** The feed action that fires it: the trigger belongs to the flow. Without a feed the trigger may exist already. */
  feed?: string;
  /** Parameters of the feed. */
  parameters?: Record<string, unknown>;
  /** As written in the flow, without a time zone that is UTC. */
  schedule?: { cron: string; timezone?: string };
}

/**
 * Everything that passes through the controller. The composition passes it to a step action and receives the next one.
 * It never exceeds ENVELOPE_MAX_BYTES, however large the artifacts are; only the first one carries `params`. A key that
 * this version does not know is refused, never dropped.
 */
export interface Envelope {
  /** Absent: 1. */
  version?: 1;
  run: string;
  /** Block of the composition to enter; absent when the session has ended and `result` is set. */
  block?: string;
  step?: string;
  /** The step's coordinate: one index for each scope around it, outermost first. */
  at?: number[];
  /** The last index of `at` is a proposal: the item must be claimed first. */
  claim?: true;
  /** Re-entered, for example after a retry, a takeover or a resume: committed tasks are skipped. */
  again?: true;
  /** When the lease on the innermost claim expires, epoch milliseconds. */
  lease?: number;
  /** Components that this session has used, of the 50 that OpenWhisk allows it. */
  used?: number;
  /** The session that a client waits for: it answers with the run's result. */
  home?: true;
  /** Milliseconds to pause (in the `wait` action, not in a step's container) before the block is entered. */
  wait?: number;
  /** This session guards the run's claims instead of working; the number of checks so far. */
  guard?: number;
  /** This session waits for the run's time limit, beside one that awaits an action; how often it has looked so far. */
  overdue?: number;
  /** The run has ended, and the session that waits for it must still be started. */
  wake?: true;
  /**
   * Seconds after the run's start within which the home session answers with the result; absent: the runtime's default.
   */
  answerWithin?: number;
  /** When the home session answers at the latest, epoch milliseconds; absent: no client waits. */
  answerBy?: number;
  /** The step action returned an error instead of an envelope: its text. */
  died?: string;
  /** The step's own action died twice: which of the plan's stand-ins is entered instead, from 1. */
  standIn?: number;
  /** The task before, if the plan alone does not determine it. */
  from?: TaskPlace;
  /** Which attempt of the task; absent: the first, 0. */
  attempt?: number;
  /** When the first attempt of the task began, epoch milliseconds, if all attempts share a time limit. */
  since?: number;
  /** How often the result of a called flow has been checked. */
  poll?: number;
  /** The run that this one resumes, and the step to execute again from. */
  origin?: [run: string, from?: string];
  /** The run must be cancelled. */
  cancel?: true;
  /** A check of a run whose lease has expired. */
  sweep?: true;
  /**
   * Lanes that a fork still lacks: its opener, how many are missing, when to check again, when the last ones were
   * launched (-1: none has been), since when the lane works on its item (all epoch milliseconds), and how many
   * milliseconds the item before took. While lanes are being launched: how many more the first of them carries.
   */
  grow?: [opener: string, missing: number, notBefore: number, launchedAt: number, itemSince: number, itemMs: number, carried?: number];
  /** Since when the session has waited for the platform to accept another one, epoch milliseconds. */
  waits?: number;
  launch?: Launch;
  /**
   * From the conductor, if the platform refused a session that was to be launched: how many it accepted (0 only if it
   * refused the first), and why it refused: `busy` (too many calls in this minute), `crowded` (too much at once, or no
   * answer), or the reason of a refusal for good.
   */
  launched?: [taken: number, refusal: string];
  /** The component before asked for a new session for the rest, and it was refused. */
  handsOver?: true;
  /** The home session has nothing left to do but to wait for the run's result. */
  awaits?: true;
  /** The run's guard makes room for another one. */
  resigns?: true;
  /** A sweep has found claims whose lanes are lost, and looks for more. */
  rescues?: true;
  /** The component before asked for the step's flow to be started, and it was refused. */
  starts?: true;
  /** The component before asked for a session that watches the run's time limit. */
  watched?: true;
  /** For the conductor: arguments of the action that the step calls. */
  call?: Record<string, unknown>;
  /** From the conductor: what the action answered, or how it failed. */
  answer?: 
    | { result: unknown }
    | { error: unknown };
  /**
   * The client's parameters, only in the first envelope of a run. Encrypted and in base64 if the flow has secret
   * parameters.
   */
  params?: Record<string, unknown> | string;
  result?: RunResult;
}

/**
 * For the conductor: sessions to launch before this one continues. The conductor removes it, so it does not count
 * towards the size of the envelope.
 */
export interface Launch {
  /** In this order, several at a time after the first, until one is refused. */
  sessions: LaunchedSession[];
  /** The session's next envelope, or its last, once all are accepted; absent: the one that the launch is in. */
  then?: Envelope;
  /** Launched too; nobody learns whether they were accepted. */
  also?: LaunchedSession[];
  /** The conductor asks again until its components run out; since when, epoch milliseconds. */
  persists?: number;
}

export type LaunchedSession =
  | {
    /** Of a session of this run. */
    envelope: Envelope;
    /** One session for each, with it as the last index of `at`. */
    items?: number[];
  }
  | {
    /** The conductor of a flow, or of one of its versions. */
    action: string;
    arguments: Record<string, unknown>;
  };

/** A step and the coordinate of its task. */
export type TaskPlace = [step: string, ...at: number[]];

export type RunState = 'succeeded' | 'failed' | 'running' | 'cancelled';

/**
 * What `ow action invoke <flow> -r` answers, and the record `result.json`. A failed run's answer has it under `error`,
 * as OpenWhisk requires.
 */
export interface RunResult {
  /** Absent: 1. */
  version?: 1;
  run: string;
  status: RunState;
  outputs?: Record<string, unknown>;
  /**
   * Numbers among the outputs that JSON cannot represent, by JSON pointer: `NaN`, `Infinity`, `-Infinity`, which are
   * null in `outputs`; in a client's answer also long integers, which are texts there.
   */
  exact?: Record<string, string>;
  error?: RunFailure;
  onFailure?: HandlersResult;
  /** A remark, for example that the run was skipped or already existed. */
  note?: string;
}

/** How the steps ended that run after a failure. */
export type HandlersResult =
  | { status: 'succeeded' }
  | RunFailure;

/** Why a run, or an item of a foreach, failed. */
export interface RunFailure {
  /** Absent: 1. */
  version?: 1;
  message: string;
  step?: string;
  /** Pathspec of the task: `Flow/run/step/task`. */
  task?: string;
  /** `run-exists`: a run of this name was started before with other parameters and is not affected. */
  code?: string;
  /** The failed item of a foreach that continues without it. */
  item?: number;
}

/** `run.json`: a run. Written first, conditionally. */
export interface RunRecord {
  /** Absent: 1. */
  version?: 1;
  flow: string;
  run: string;
  /** Epoch milliseconds. */
  created: number;
  /** Activation id of the component that began the run. */
  by?: string;
  user: string;
  tags: string[];
  system_tags: string[];
  /** The flow's first step. */
  start: string;
  /** The flow's last step. */
  end: string;
  /** Hash of the plan that the run was started with: `_nuvopipe/_plans/<Flow>/<hash>.json`. */
  bundle: string;
  /** A native sequence executes the run: no session of it can start another one. */
  isSequence?: true;
  origin?: RunOrigin;
  /** The parameters that its client gave. */
  given?: Record<string, GivenParameter>;
  /** Names the S3 secret key under which the digests in `given` were made, without revealing it. */
  key?: string;
  /** Why the parameters were rejected: the run has failed and cannot be resumed. */
  refused?: string;
}

/** The run that a run resumes, and the step that is executed again with all that follows it. */
export interface RunOrigin {
  run: string;
  from?: string;
}

export interface GivenParameter {
  /** A digest under a key derived from the datastore's. */
  digest: string;
  /** The value as text; absent for secrets. */
  shown?: string;
}

export interface ArtifactInfo {
  size: number;
  type: string;
  encoding: string;
}

/** An artifact that no longer exists: which join dropped it, and why. */
export interface DroppedInfo {
  dropped: string;
  why: string;
}

/** As in Metaflow's metadata service, without what the record's own place says. */
export interface Metadatum {
  field_name: string;
  /** Text, in most cases. */
  value: unknown;
  type: string;
  tags: string[];
  /** Epoch milliseconds. */
  ts_epoch: number;
}

export type Stream = 'stdout' | 'stderr';

/**
 * `tasks/<step>/<task>/commit`: the committed attempt of a task; `…/failed-<n>`: attempt n, which failed and was
 * followed by another.
 */
export interface TaskRecord {
  /** Absent: 1. */
  version?: 1;
  flow: string;
  run: string;
  step: string;
  task: string;
  /** From 0. */
  attempt: number;
  /** The task's coordinate: one index for each scope around the step. */
  at: number[];
  /** Epoch milliseconds. */
  started: number;
  /** Epoch milliseconds. */
  ended: number;
  ok: boolean;
  /** As in Metaflow's `<attempt>.data.json`: SHA-1 of each artifact. */
  objects: Record<string, string>;
  info: Record<string, 
    | ArtifactInfo
    | DroppedInfo>;
  metadata: Metadatum[];
  /** Pathspecs, without the flow, of the tasks that this one read, up to PARENTS_MAX. */
  parents: string[];
  /** The step that a decision led to. */
  chose?: string;
  /** Opener of a foreach: the number of items. */
  splits?: number;
  /** The outputs of the end step. */
  outputs?: Record<string, unknown>;
  /** As in RunResult. */
  exact?: Record<string, string>;
  /** Activation id of the attempt. */
  by: string;
  /** The streams that the attempt has written to. */
  logs?: Stream[];
  /** A failed attempt: the last line of its traceback, or how its process ended. */
  error?: string;
  /** Names that `retry.on` can match: names of the exception's classes, `timeout`, `crash`. */
  kinds?: string[];
  /** Pathspec of the task whose artifacts a resumed run reuses. */
  origin?: string;
  /** Pathspec of the task whose artifacts are reused because of `cache: true`. */
  cached?: string;
  /** A step with `cache: true`: what its key was made of. */
  cache?: CacheFacts;
  /** A failed attempt: the number of the attempt that followed. */
  retried?: number;
}

/** The parts that distinguish a task of a step with `cache: true`. */
export interface CacheFacts {
  /** SHA-256 over all parts. */
  key: string;
  /** The artifacts are those of the task that `cached` names. */
  hit: boolean;
  parts: CacheParts;
}

/** Each part as the first CACHE_PART_LENGTH digits of a SHA-256. */
export interface CacheParts {
  code: string;
  environment: string;
  /** Values of the secrets and secret parameters that the step can read, under a key derived from the datastore's. */
  secrets?: string;
  /** Which item or turn it is, and which tasks a join reads. */
  place: string;
  /**
   * By the name of the artifact or parameter, over all tasks that it comes from; those beyond CACHE_INPUTS_MAX
   * together, as `…`.
   */
  inputs: Record<string, string>;
}

/**
 * `_nuvopipe/cache/<Flow>/<step>/<key>`: artifacts to reuse. It contains the task's record, so that the run it came
 * from may be deleted.
 */
export interface CacheEntry {
  /** Absent: 1. */
  version?: 1;
  /** Last use, to the day; epoch milliseconds. */
  used: number;
  record: TaskRecord;
}

/**
 * `_nuvopipe/live/<Flow>/<run>`: the lease of a run outside of all pools, and where a stalled run is re-entered.
 * Written before `run.json`, deleted after `result.json`.
 */
export interface LiveRecord {
  /** Absent: 1. */
  version?: 1;
  /** Activation id of the component that holds the lease. */
  by: string;
  /** Epoch milliseconds. */
  expires: number;
  envelope: LivePlace;
  /** Number of times the sweeper has re-entered the run here since a step last started. */
  sweeps?: number;
}

export interface LivePlace {
  step: string;
  at?: number[];
  from?: TaskPlace;
}

/**
 * `pools/<opener>/<task>/claims/<i>`: a lane works on an item; `…/join`: a session executes the join; `guard`: a
 * session watches over the run.
 */
export interface ClaimRecord {
  /** Absent: 1. */
  version?: 1;
  /** Activation id of the component that made the claim. */
  by: string;
  /** Epoch milliseconds. */
  expires: number;
}

/** `pools/<opener>/<task>/open`: a pool; `<task>` is the opener's. */
export interface PoolRecord {
  /** Absent: 1. */
  version?: 1;
  /** How many items it has. */
  items: number;
}

/** `children/<step>/<task>/<n>`: the run that attempt n of a step has started and waits for. */
export interface ChildRecord {
  /** Absent: 1. */
  version?: 1;
  flow: string;
  run: string;
  /** A digest of what the run was given, under a key derived from the datastore's. */
  given: string;
}

/** `parent`: a step of another run waits for this one, and is started when this run has its result. */
export interface ParentRecord {
  /** Absent: 1. */
  version?: 1;
  /** The conductor of the version that the waiting run belongs to. */
  action: string;
  envelope: Envelope;
}

/** `waiting`: a session cannot start another one. */
export interface WaitingRecord {
  /** Absent: 1. */
  version?: 1;
  /** Epoch milliseconds. */
  since: number;
  reason: string;
}

/** `cancelled`: every lane stops at its next step. */
export interface CancelRecord {
  /** Absent: 1. */
  version?: 1;
  /** Activation id, or the command. */
  by: string;
  /** Epoch milliseconds. */
  at: number;
}

/** `_nuvopipe/slots/<Flow>/<i>`: the run that holds one of the places of a flow with `runs`. */
export interface SlotRecord {
  /** Absent: 1. */
  version?: 1;
  run: string;
}

/**
 * Where runs keep their state. Bound to step actions as the parameter `store`; contains secrets, so it must never be
 * printed.
 */
export interface StoreSettings {
  bucket: string;
  /** Without a leading or trailing slash; may be empty. */
  prefix: string;
  /** Absent: AWS itself. */
  endpoint?: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}
