import { withRoundedNumbers } from '../base/json.ts';
import type {
  CacheEntry,
  ChildRecord,
  ClaimRecord,
  LiveRecord,
  Manifest,
  Plan,
  PoolRecord,
  RunFailure,
  RunRecord,
  RunResult,
  TaskRecord,
  WaitingRecord,
} from './formats.generated.ts';
import { MANIFEST_VERSION, PLAN_VERSION, RECORDS_VERSION } from './protocol.generated.ts';
import * as validators from './validators.generated.ts';

/** What is read from bundles and from the datastore, by the name of its format. */
export interface ReadFormats {
  Plan: Plan;
  Manifest: Manifest;
  RunRecord: RunRecord;
  TaskRecord: TaskRecord;
  RunResult: RunResult;
  RunFailure: RunFailure;
  LiveRecord: LiveRecord;
  ClaimRecord: ClaimRecord;
  PoolRecord: PoolRecord;
  ChildRecord: ChildRecord;
  WaitingRecord: WaitingRecord;
  CacheEntry: CacheEntry;
}

export type FormatName = keyof ReadFormats;

export type FormatRead<T> =
  | { value: T }
  /** It is of another version of its format. */
  | { version: unknown; known: number }
  /** It does not have the form; `problem` says where: `/steps/start/next must be object`. */
  | { problem: string };

interface Validator {
  (value: unknown): boolean;
  errors?: { instancePath: string; message?: string }[] | null;
}

/**
 * Whether a parsed JSON value has a format, and the version that this nuvopipe reads. Keys that are not known are left in it: an
 * optional key does not make a new version. A value that has no `version` is of the first.
 */
export function readFormat<F extends FormatName>(format: F, value: unknown): FormatRead<ReadFormats[F]> {
  if (typeof value !== 'object' || value === null) return { problem: 'it must be an object' };
  const known = { Plan: PLAN_VERSION, Manifest: MANIFEST_VERSION }[format as string] ?? RECORDS_VERSION;
  const version = 'version' in value ? value.version : 1;
  if (version !== known) return { version, known };
  const validate = (validators as unknown as Record<FormatName, Validator>)[format];
  // Numbers that JavaScript cannot hold are objects, for which the validators know no type.
  if (validate(format === 'Plan' ? withRoundedNumbers(value) : value)) return { value: value as ReadFormats[F] };
  const { instancePath = '', message = '' } = validate.errors?.[0] ?? {};
  return { problem: `${instancePath || 'it'} ${message}` };
}
