import type { RunFailure, RunResult } from '../model/envelope.ts';
import type { RunRecord, TaskRecord } from '../model/records.ts';
import { mapParallel } from '../store/parallel.ts';
import type { RunKey, RunListing, RunReader, TaskEntry } from './reader.ts';

export type RunState = RunResult['status'];

export interface StepStatus {
  step: string;
  /** Tasks with a result. */
  succeeded: number;
  failed: number;
  /**
   * How many tasks the step has in the end. Absent while an enclosing pool is still being opened for more items: then
   * it is not known yet.
   */
  expected?: number;
  /** Epoch milliseconds. */
  started: number;
  /** Of the newest task so far, epoch milliseconds; to the second where the step has several. */
  ended: number;
}

export interface RunStatus {
  flow: string;
  run: string;
  status: RunState;
  user: string;
  /** Epoch milliseconds. */
  created: number;
  /** Epoch milliseconds, to the second; absent while it runs. */
  ended?: number;
  /** In the order in which they began, without `_parameters`. */
  steps: StepStatus[];
  outputs?: Record<string, unknown>;
  error?: RunFailure;
}

/** How a run stands, from its records alone: one listing, and one record a step. Undefined if there is no such run. */
export async function runStatus(reader: RunReader, key: RunKey): Promise<RunStatus | undefined> {
  const [record, listing] = await Promise.all([reader.run(key), reader.listing(key)]);
  if (record === undefined) return undefined;
  const { markers } = listing;
  const result = markers['result.json'] === undefined ? undefined : await reader.result(key);
  const error = result?.error ?? (markers.failed === undefined ? undefined : await reader.failure(key));
  const ended = markers['result.json'] ?? markers.failed ?? markers.cancelled;
  return {
    flow: record.flow,
    run: record.run,
    status: stateOf(listing, result),
    user: record.user,
    created: record.created,
    ...(ended === undefined ? {} : { ended }),
    steps: await stepsOf(reader, record, listing, error),
    ...(result?.outputs === undefined ? {} : { outputs: result.outputs }),
    ...(error === undefined ? {} : { error }),
  };
}

function stateOf({ markers }: RunListing, result: RunResult | undefined): RunState {
  if (result !== undefined) return result.status;
  if (markers.failed !== undefined) return 'failed';
  return markers.cancelled === undefined ? 'running' : 'cancelled';
}

/** What one task's record tells of its step: the pools around it follow from the tasks that it read. */
interface StepSample {
  step: string;
  depth: number;
  record: TaskRecord;
  /** Step whose task the sample read; `_parameters` for the first. */
  parent: string | undefined;
}

async function stepsOf(
  reader: RunReader,
  key: RunKey & RunRecord,
  listing: RunListing,
  error: RunFailure | undefined,
): Promise<StepStatus[]> {
  const tasks = new Map<string, TaskEntry[]>();
  for (const entry of listing.tasks) {
    if (!entry.step.startsWith('_')) tasks.set(entry.step, [...(tasks.get(entry.step) ?? []), entry]);
  }
  const samples = new Map<string, StepSample>();
  await mapParallel([...tasks], async ([step, [entry]]) => {
    const record = entry && (await reader.attempts(key, entry)).at(-1);
    if (record === undefined) return;
    samples.set(step, { step, depth: record.at.length, record, parent: record.parents[0]?.split('/')[1] });
  });
  const expected = await expectedTasks(reader, key, listing, samples);
  const steps = [...samples.values()].map(({ step, record }): StepStatus => {
    const entries = tasks.get(step) ?? [];
    const failed = error?.step === step ? 1 : 0;
    const count = expected.get(step);
    return {
      step,
      succeeded: entries.filter(({ committed }) => committed).length - failed,
      failed,
      ...(count === undefined ? {} : { expected: count }),
      started: record.started,
      ended: entries.length === 1 ? record.ended : Math.max(...entries.map(({ modified }) => modified)),
    };
  });
  return steps.sort((a, b) => a.started - b.started);
}

/**
 * How many tasks each step has: the items of all pools of its innermost opener (a foreach), or one for each of those pools
 * (a branch); one at the top. An opener inside an item may open more pools yet, then the number is left out.
 */
async function expectedTasks(
  reader: RunReader,
  key: RunKey,
  listing: RunListing,
  samples: ReadonlyMap<string, StepSample>,
): Promise<Map<string, number>> {
  const opened = new Map<string, string[]>();
  for (const pool of listing.pools) {
    const opener = pool.slice(0, pool.indexOf('/'));
    opened.set(opener, [...(opened.get(opener) ?? []), pool]);
  }
  const expected = new Map<string, number>();
  for (const sample of [...samples.values()].sort((a, b) => a.depth - b.depth)) {
    const opener = openersOf(sample, samples).at(-1);
    if (sample.depth === 0) expected.set(sample.step, 1);
    if (sample.depth === 0 || opener === undefined) continue;
    const pools = opened.get(opener) ?? [];
    if (pools.length !== expected.get(opener)) continue;
    const isForeach = typeof samples.get(opener)?.record.splits === 'number';
    const items = isForeach ? await mapParallel(pools, (pool) => reader.poolItems(key, pool)) : pools.map(() => 1);
    expected.set(
      sample.step,
      items.reduce((sum, count) => sum + count, 0),
    );
  }
  return expected;
}

/** The openers around a step, outermost first: going down means that the step before opened, going up that it joins. */
function openersOf(sample: StepSample, samples: ReadonlyMap<string, StepSample>): string[] {
  const parent = sample.parent === undefined ? undefined : samples.get(sample.parent);
  if (parent === undefined) return [];
  const openers = openersOf(parent, samples);
  if (sample.depth > parent.depth) return [...openers, parent.step];
  return openers.slice(0, sample.depth);
}
