import type { RunRecord, TaskRecord } from '../../src/contract/records.ts';

/** A run's own record, of which a test says what matters to it. */
export function runRecord(more: Partial<RunRecord> & Pick<RunRecord, 'flow' | 'run'>): RunRecord {
  return {
    ...{ version: 1, created: 1, user: 'tester', tags: [], system_tags: [], start: 'start', end: 'end', bundle: 'b' },
    ...more,
  } as RunRecord;
}

export function taskRecord(more: Partial<TaskRecord> & Pick<TaskRecord, 'flow' | 'run'>): TaskRecord {
  return {
    ...{ version: 1, step: 'start', task: 't', attempt: 0, at: [], started: 1, ended: 2, ok: true, by: 'x' },
    ...{ objects: {}, info: {}, metadata: [], parents: [] },
    ...more,
  } as TaskRecord;
}
