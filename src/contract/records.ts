import type { TaskRecord } from './formats.generated.ts';
import { METAFLOW_ATTEMPTS_MAX } from './protocol.generated.ts';

/** Records of runs, as `schemas/records.v1.schema.json` describes them; `layout.generated.ts` says where they are. */
export type {
  ArtifactInfo,
  CacheEntry,
  CacheFacts,
  ChildRecord,
  ClaimRecord,
  DroppedInfo,
  LiveRecord,
  ParentRecord,
  PoolRecord,
  RunRecord,
  StoreSettings,
  TaskRecord,
  WaitingRecord,
} from './formats.generated.ts';

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
