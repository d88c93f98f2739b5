import type { RunFailure, RunResult } from './envelope.ts';
import type {
  CacheEntry,
  ChildRecord,
  ClaimRecord,
  LiveRecord,
  PoolRecord,
  RunRecord,
  TaskRecord,
  WaitingRecord,
} from './records.ts';

/** Checks of records, as far as their readers depend on it. */
export type Shape<T> = (value: Record<string, unknown>) => value is Record<string, unknown> & T;

export const isRunRecord = shape<RunRecord>(
  ({ flow, run, user, created, start, end, bundle, tags, system_tags }) =>
    [flow, run, user, start, end, bundle].every(isText) && isNumber(created) && isTexts(tags) && isTexts(system_tags),
);

export const isTaskRecord = shape<TaskRecord>(
  ({ flow, run, step, task, attempt, started, ended, at, parents, metadata, objects, info }) =>
    [flow, run, step, task].every(isText) &&
    [attempt, started, ended].every(isNumber) &&
    [at, parents, metadata].every(Array.isArray) &&
    [objects, info].every(isMapping),
);

/** What Metaflow's own `data.json` contains about a task's artifacts. */
export const hasObjects = shape<Pick<TaskRecord, 'objects'>>(({ objects }) => isMapping(objects));

export const isCacheEntry = shape<CacheEntry>(
  ({ used, record }) => isNumber(used) && isMapping(record) && hasObjects(record),
);

const STATES: readonly unknown[] = ['running', 'succeeded', 'failed', 'cancelled'];

export const isResult = shape<RunResult>(({ status }) => STATES.includes(status));

export const isFailure = shape<RunFailure>(({ message }) => isText(message));

export const isChild = shape<ChildRecord>(({ flow, run }) => isText(flow) && isText(run));

export const isClaim = shape<ClaimRecord>(({ expires }) => isNumber(expires));

export const isLive = shape<LiveRecord>(({ expires, envelope }) => isNumber(expires) && isMapping(envelope));

export const isPool = shape<PoolRecord>(({ items }) => isNumber(items));

export const isWaiting = shape<WaitingRecord>(({ since, reason }) => isNumber(since) && isText(reason));

function shape<T>(is: (value: Record<string, unknown>) => boolean): Shape<T> {
  return is as Shape<T>;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
