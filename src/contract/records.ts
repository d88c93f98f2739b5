import type { Envelope } from './envelope.ts';
import { METAFLOW_ATTEMPTS_MAX } from './protocol.generated.ts';

/**
 * The records that a run leaves in the datastore, beside Metaflow's own tree. `layout.generated.ts` defines their
 * keys, relative to the datastore's root (`METAFLOW_DATASTORE_SYSROOT_S3`).
 */

/** A run's lease outside all pools, and the place where a stalled run is re-entered. */
export interface LiveRecord {
  by: string;
  /** Epoch milliseconds. */
  expires: number;
  envelope: { step: string; at?: number[]; from?: [step: string, ...at: number[]] };
  /** Number of times the sweeper has re-entered the run here since a step last started. */
  sweeps?: number;
}

/** A task's ID is its coordinate: `t` at the top, `t-3-0` for item or turn 0 in item 3 of the outer scope. */
export function taskId(at: readonly number[]): string {
  return ['t', ...at].join('-');
}

export interface RunRecord {
  version: 1;
  flow: string;
  run: string;
  /** Epoch milliseconds. */
  created: number;
  /** Activation ID of the component that began the run. */
  by?: string;
  user: string;
  tags: string[];
  system_tags: string[];
  start: string;
  end: string;
  /** Hash of the bundle the run was started with. */
  bundle: string;
  /** The resumed run, and the step to repeat with everything after it. */
  origin?: { run: string; from?: string };
  /** The client's parameters: a digest with a key of the datastore, and the text of those that are not secret. */
  given?: Record<string, { digest: string; shown?: string }>;
  /** Why the parameters were rejected: the run has failed and cannot be resumed. */
  refused?: string;
}

export interface ArtifactInfo {
  size: number;
  type: string;
  encoding: string;
}

/** For artifacts that no longer exist: which join dropped it, and why. */
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
  /** As in Metaflow's `<attempt>.data.json`. */
  objects: Record<string, string>;
  info: Record<string, ArtifactInfo | DroppedInfo>;
  /** As in Metaflow's metadata service, without what the record's key already contains. */
  metadata: { field_name: string; value: string; type: string; tags: string[]; ts_epoch: number }[];
  /** Pathspecs (without the flow) of the tasks that were read, at most the first `PARENTS_MAX`. */
  parents: string[];
  /** The step that a decision led to. */
  chose?: string;
  /** Steps that only the other choices would have led to, at most a hundred. */
  passed?: string[];
  /** foreach opener: number of items. */
  splits?: number;
  /** The end step's outputs. */
  outputs?: Record<string, unknown>;
  /** Like {@link RunResult.exact}. */
  exact?: Record<string, string>;
  /** Activation ID of the attempt. */
  by: string;
  /** Log of the attempt, if it wrote one. */
  logs?: ('stdout' | 'stderr')[];
  /** For failed attempts: the last line of the traceback, or how the process ended. */
  error?: string;
  /** Names that `retry.on` can match: exception classes, `timeout`, `crash`. */
  kinds?: string[];
  /** Pathspec of the task whose artifacts a resumed run reuses. */
  origin?: string;
  /** Pathspec of the task whose artifacts are reused because of `cache: true`. */
  cached?: string;
  /** For steps with `cache: true`: the parts of the key. */
  cache?: CacheFacts;
  /** For failed attempts: the number of the next one. */
  retried?: number;
  /** Maximum number of attempts, if there can be several. */
  attempts?: number;
}

/** The number by which Metaflow's client knows an attempt; undefined for failed attempts it does not list. */
export function metaflowAttempt({ attempt, retried }: Pick<TaskRecord, 'attempt' | 'retried'>): number | undefined {
  const last = METAFLOW_ATTEMPTS_MAX - 1;
  if (attempt < last) return attempt;
  return retried === undefined ? last : undefined;
}

/** Prefix of Metaflow's file names for an attempt; counterpart of `number_of_files` in the runtime's `commit.py`. */
export function numberOfFiles(record: Pick<TaskRecord, 'attempt' | 'retried'>): string {
  return String(metaflowAttempt(record) ?? `${record.attempt}-failed`);
}

/**
 * The parts that distinguish a task of a step with `cache: true`, each as the first `CACHE_PART_LENGTH` digits of a
 * SHA-256.
 */
export interface CacheFacts {
  /** Of all parts together: a full SHA-256. */
  key: string;
  /** The artifacts of {@link TaskRecord.cached} are reused. */
  hit: boolean;
  parts: {
    code: string;
    environment: string;
    /**
     * Secrets and secret parameters that the step can read, hashed with a key that only users of the datastore have.
     */
    secrets?: string;
    /** Item or turn of the task, and the tasks that a join reads. */
    place: string;
    /**
     * Keyed by artifact or parameter, over all tasks it comes from; those beyond `CACHE_INPUTS_MAX` are combined
     * under `…`.
     */
    inputs: Record<string, string>;
  };
}

/** Contains a copy of the task's record, so that the original run can be deleted. */
export interface CacheEntry {
  version: 1;
  /** Last use, to the day; epoch milliseconds. */
  used: number;
  record: TaskRecord;
}

export interface ChildRecord {
  flow: string;
  run: string;
  /** Of the parameters, with a key that only users of the datastore have. */
  given: string;
}

/** What to start when a run has its result. */
export interface ParentRecord {
  /** The conductor of the waiting run's version. */
  action: string;
  envelope: Envelope;
}

export interface PoolRecord {
  items: number;
}

export interface ClaimRecord {
  /** Activation ID of the component that made the claim. */
  by: string;
  /** Epoch milliseconds. */
  expires: number;
}

/** Written if a session could not start another one. */
export interface WaitingRecord {
  /** Epoch milliseconds. */
  since: number;
  reason: string;
}

/**
 * Where runs store their state. Bound to step actions as the parameter `store`; contains secrets, so it must never be
 * printed.
 */
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
