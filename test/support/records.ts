import type { Plan, PlannedStep } from '../../src/contract/plan.ts';
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

/** A plan, of whose steps a test says what matters to it. */
export function planOf(flow: string, steps: Record<string, Partial<PlannedStep>>, more: Partial<Plan> = {}): Plan {
  const step = { block: 'b1', profile: 'p', timeoutMs: 20_000, within: [], next: { end: true as const } };
  return {
    ...{ version: 1, hash: '0'.repeat(64), flow, tags: [], start: 'start', end: 'end', parameters: {}, outputs: [] },
    steps: Object.fromEntries(Object.entries(steps).map(([name, planned]) => [name, { ...step, ...planned }])),
    ...{ pools: {}, loops: {}, profiles: { p: { memoryMB: 256, timeLimitMs: 60_000 } }, sourceMap: {} },
    source: { name: 'flow.yaml', file: 'flow.yaml' },
    ...more,
  } as Plan;
}
