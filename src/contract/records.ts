import type { Envelope } from './envelope.ts';
import { METAFLOW_ATTEMPTS_MAX } from './protocol.generated.ts';

/**
 * The records that a run leaves in the datastore, beside Metaflow's own tree. `layout.generated.ts` has the key of each, below
 * the datastore's root (`METAFLOW_DATASTORE_SYSROOT_S3`).
 */

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
  /** Pathspecs (without the flow) of the tasks this one read, at most the first `PARENTS_MAX`. */
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

/** What tells a task of a step with `cache: true` from others, each part as the first `CACHE_PART_LENGTH` digits of a SHA-256. */
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
    /** By the name of the artifact or parameter, over all tasks that it comes from; those beyond `CACHE_INPUTS_MAX` as one, `…`. */
    inputs: Record<string, string>;
  };
}

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
