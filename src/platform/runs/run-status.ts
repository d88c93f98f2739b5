import type { RunFailure, RunResult } from '../../contract/envelope.ts';
import { keys } from '../../contract/layout.generated.ts';
import { versionOf } from '../../contract/names.ts';
import type { Plan, PlannedStep } from '../../contract/plan.ts';
import { FALLBACK_ATTEMPTS } from '../../contract/protocol.generated.ts';
import type { RunRecord, TaskRecord, WaitingRecord } from '../../contract/records.ts';
import { mapParallel } from '../s3/parallel.ts';
import { readRecord } from '../s3/read-record.ts';
import { certainSteps } from './certain-steps.ts';
import type { RunKey, RunListing, RunReader, TaskEntry } from './reader.ts';

export type RunState = RunResult['status'];

export interface StepStatus {
  step: string;
  /** Tasks with a result. */
  succeeded: number;
  /** Tasks that failed permanently. */
  failed: number;
  /**
   * Final number of tasks of the step. Absent if unknown: in a loop, after a decision, or while an enclosing pool can
   * still be opened for more items.
   */
  expected?: number;
  /** Whether the tasks are turns of a loop. */
  inLoop?: true;
  /** Tasks that were not executed because their artifacts come from a resumed run or the cache. */
  reused?: number;
  /** Failed attempts that were repeated. */
  repeated?: number;
  /** The task that is currently being repeated (the furthest, if several): its attempt, from 1, and the maximum. */
  attempt?: { number: number; of?: number };
  /** Epoch milliseconds. */
  started: number;
  /** Of the newest task, epoch milliseconds; with a precision of seconds if the step has several. */
  ended: number;
}

export interface RunStatus {
  flow: string;
  run: string;
  /** The version of the flow that the run finishes on: the actions of `<Flow>.steps` with this suffix. */
  version: string;
  status: RunState;
  /** Whether it has a result, which includes the `onFailure` steps. */
  isOver: boolean;
  user: string;
  /** Epoch milliseconds. */
  created: number;
  /** Epoch milliseconds, to the second; absent while it runs. */
  ended?: number;
  /** The resumed run, and the step from which everything was repeated. */
  origin?: { run: string; from?: string };
  /** Since when OpenWhisk has accepted no more sessions of the run, and nothing has been done (epoch milliseconds). */
  waiting?: WaitingRecord;
  /** Whether no lease on unfinished work is valid. */
  isLost?: true;
  /** The plan of its version is not in the datastore: which steps did not run, and how many tasks they have, is unknown. */
  isPlanMissing?: true;
  /** In the order in which they started, without `_parameters`. */
  steps: StepStatus[];
  /** For successful runs: steps that no decision led to. */
  notRun?: string[];
  outputs?: Record<string, unknown>;
  /** Like {@link RunResult.exact}. */
  exact?: Record<string, string>;
  error?: RunFailure;
  /** How the `onFailure` steps ended. */
  onFailure?: RunResult['onFailure'];
  /** As {@link RunResult.note}. */
  note?: string;
}

/**
 * The state of a run, computed from its records alone: one listing, and one record per step. Undefined if there is no
 * such run.
 */
export async function runStatus(reader: RunReader, key: RunKey, nowMs = Date.now()): Promise<RunStatus | undefined> {
  const [record, listing] = await Promise.all([reader.run(key), reader.listing(key)]);
  if (record === undefined) return undefined;
  const { markers } = listing;
  const result = markers.result === undefined ? undefined : await reader.result(key);
  if (reader.isUnknown(keys.result(key))) await readRecord(reader.store, keys.result(key), 'RunResult');
  const status = stateOf(listing, result);
  // The failure recorded for a cancelled run is only meant for `onFailure` steps.
  const hasFailed = markers.failed !== undefined && status !== 'cancelled';
  const error = result?.error ?? (hasFailed ? await reader.failure(key) : undefined);
  const ended = markers.result ?? markers.failed ?? markers.cancelled;
  const [plan, samples] = await Promise.all([reader.plan(record), samplesOf(reader, record, listing)]);
  const notRun = plan && result?.status === 'succeeded' ? stepsNotRun(plan, samples) : [];
  return {
    flow: record.flow,
    run: record.run,
    version: versionOf(record.bundle),
    status,
    isOver: result !== undefined,
    user: record.user,
    created: record.created,
    ...(ended === undefined ? {} : { ended }),
    ...(record.origin && { origin: record.origin }),
    ...(status === 'running' && (await livenessOf(reader, key, listing, nowMs))),
    ...(plan === undefined && { isPlanMissing: true as const }),
    steps: await stepsOf(reader, record, listing, plan, samples, error),
    ...(notRun.length === 0 ? {} : { notRun }),
    ...(result?.outputs === undefined ? {} : { outputs: result.outputs }),
    ...(result?.exact === undefined ? {} : { exact: result.exact }),
    ...(error === undefined ? {} : { error }),
    ...(result?.onFailure === undefined ? {} : { onFailure: result.onFailure }),
    ...(result?.note === undefined ? {} : { note: result.note }),
  };
}

function stateOf({ markers }: RunListing, result: RunResult | undefined): RunState {
  if (result !== undefined) return result.status;
  if (markers.cancelled !== undefined) return 'cancelled';
  return markers.failed === undefined ? 'running' : 'failed';
}

/**
 * The shortest lease: `LEASE_MARGIN_MS` in `runtime/src/nuvopipe_runtime/protocol/claims/pool.py`. Anything written
 * since then is not stalled.
 */
const LEASE_MIN_MS = 5_000;

/** Maximum number of claims checked for a valid one, latest first: a run has few more lanes. */
const CLAIMS_READ_MAX = 100;

/** For a run that has not ended: whether it is waiting or stalled. */
async function livenessOf(
  reader: RunReader,
  key: RunKey,
  listing: RunListing,
  nowMs: number,
): Promise<Pick<RunStatus, 'waiting' | 'isLost'>> {
  const waiting = listing.markers.waiting === undefined ? undefined : await reader.waiting(key);
  const isIdle = waiting !== undefined && listing.tasks.every(({ modified }) => modified < waiting.since);
  const written = [...listing.tasks, ...listing.claims].some(({ modified }) => modified > nowMs - LEASE_MIN_MS);
  const lost = !written && (await isLost(reader, key, nowMs, listing));
  return { ...(isIdle && { waiting }), ...(lost && { isLost: true as const }) };
}

/**
 * Whether the lease of a run and all claims of its items and joins have expired; it might be waiting for a called
 * flow.
 */
export async function isLost(
  reader: RunReader,
  key: RunKey,
  nowMs: number,
  listing?: Pick<RunListing, 'claims' | 'children'>,
): Promise<boolean> {
  const live = await reader.live(key);
  if (live === undefined || live.expires >= nowMs) return false;
  const { claims, children } = listing ?? (await reader.listing(key));
  const found = await mapParallel(claims.slice(0, CLAIMS_READ_MAX), (claim) => reader.claim(claim.key));
  if (!found.every((claim) => claim === undefined || claim.expires < nowMs)) return false;
  const waits = await mapParallel(children, (child) => reader.isChildLive(child));
  return !waits.some(Boolean);
}

interface StepTasks {
  step: string;
  /** Of one of them. */
  record: TaskRecord;
  entries: TaskEntry[];
}

/** The tasks of each step that has any, with the record of one. */
async function samplesOf(reader: RunReader, key: RunKey, listing: RunListing): Promise<Map<string, StepTasks>> {
  const tasks = new Map<string, TaskEntry[]>();
  for (const entry of listing.tasks) {
    if (entry.step.startsWith('_')) continue;
    const entries = tasks.get(entry.step);
    if (entries) entries.push(entry);
    else tasks.set(entry.step, [entry]);
  }
  const samples = new Map<string, StepTasks>();
  await mapParallel([...tasks], async ([step, entries]) => {
    const entry = entries.find(({ committed }) => committed) ?? (entries[0] as TaskEntry);
    const record = (await reader.attempts(key, entry)).at(-1);
    if (record) samples.set(step, { step, record, entries });
  });
  return samples;
}

/** The user's steps without a task: no decision led to them. Steps of `onFailure` are none of these. */
function stepsNotRun(plan: Plan, samples: ReadonlyMap<string, StepTasks>): string[] {
  const handlers = handlersOf(plan);
  return Object.entries(plan.steps)
    .filter(([step, { made }]) => !made && !handlers.has(step) && !samples.has(step))
    .map(([step]) => step);
}

/** The steps of `onFailure`. */
export function handlersOf({ onFailure, steps }: Plan): Set<string> {
  const handlers = new Set<string>();
  for (let step = onFailure; step !== undefined; ) {
    handlers.add(step);
    const { next } = steps[step] as PlannedStep;
    step = 'step' in next ? next.step : undefined;
  }
  return handlers;
}

async function stepsOf(
  reader: RunReader,
  { created, ...key }: RunRecord,
  listing: RunListing,
  plan: Plan | undefined,
  samples: ReadonlyMap<string, StepTasks>,
  error: RunFailure | undefined,
): Promise<StepStatus[]> {
  const [expected, failures] = await Promise.all([
    plan ? expectedTasks(reader, key, listing, plan) : new Map<string, Pick<StepStatus, 'expected' | 'inLoop'>>(),
    failedTasks(reader, listing, error),
  ]);
  const steps = await mapParallel([...samples.values()], async ({ step, record, entries }): Promise<StepStatus> => {
    const [only] = entries.length === 1 ? entries : [];
    // The failed task is committed a moment before the run's failure.
    const hasFailed = only?.committed === true && (await reader.commit(key, step, only.task))?.ok === false;
    const failed = Math.max(failures.get(step)?.size ?? 0, hasFailed ? 1 : 0);
    const committed = entries.filter((entry) => entry.committed).length;
    const reused = listing.reused.get(step) ?? 0;
    return {
      step,
      succeeded: Math.max(0, committed - failed),
      failed,
      ...expected.get(step),
      ...(reused > 0 && { reused }),
      ...repetitions(entries, plan?.steps[step]),
      // A reused task started in another run.
      started: reused > 0 && reused < committed ? Math.max(record.started, created) : record.started,
      ended: entries.length === 1 ? record.ended : Math.max(...entries.map(({ modified }) => modified)),
    };
  });
  return steps.sort((a, b) => a.started - b.started);
}

/** Attempts that were or are being repeated. */
function repetitions(
  entries: readonly TaskEntry[],
  planned: PlannedStep | undefined,
): Pick<StepStatus, 'repeated' | 'attempt'> {
  const repeated = entries.reduce((sum, { failedAttempts }) => sum + failedAttempts.length, 0);
  if (repeated === 0) return {};
  const open = entries.filter(({ committed }) => !committed);
  const lastOf = ({ failedAttempts }: TaskEntry) => Math.max(...failedAttempts);
  const [furthest] = open.toSorted((a, b) => lastOf(b) - lastOf(a));
  if (!furthest) return { repeated };
  const of = planned && attemptsMax(planned);
  // Attempts are counted from 0, and this is the next one.
  return { repeated, attempt: { number: lastOf(furthest) + 2, ...(of !== undefined && { of }) } };
}

/** Maximum number of attempts; undefined for a step without `retry` and `catch`, whose lost attempts may be repeated. */
function attemptsMax({ retry, catches }: PlannedStep): number | undefined {
  return retry || catches ? 1 + (retry?.times ?? 0) + (catches ? FALLBACK_ATTEMPTS : 0) : undefined;
}

/** Permanently failed tasks by step: the one that failed the run, and those of failed items of a continuing foreach. */
async function failedTasks(
  reader: RunReader,
  { failedItems }: RunListing,
  error: RunFailure | undefined,
): Promise<Map<string, Set<string>>> {
  const items = await mapParallel(failedItems, (item) => reader.failedItem(item));
  const failed = new Map<string, Set<string>>();
  for (const failure of [...items, error]) {
    if (failure?.step === undefined || failure.task === undefined) continue;
    const tasks = failed.get(failure.step);
    if (tasks) tasks.add(failure.task);
    else failed.set(failure.step, new Set([failure.task]));
  }
  return failed;
}

/** The steps in which items failed without failing the run, by the opener of their pool. */
async function failedItemsByOpener(
  reader: RunReader,
  { failedItems }: RunListing,
): Promise<Map<string, (string | undefined)[]>> {
  const failures = await mapParallel(failedItems, (item) => reader.failedItem(item));
  const failed = new Map<string, (string | undefined)[]>();
  for (const [index, key] of failedItems.entries()) {
    const opener = keys.failedItem.parse(key)?.opener;
    if (opener !== undefined) failed.set(opener, [...(failed.get(opener) ?? []), failures[index]?.step]);
  }
  return failed;
}

/**
 * Number of tasks of each step: the items of all pools of its innermost opener (foreach), or one per such pool
 * (branches); one at the top. If an opener inside an item can still open more pools, the number is omitted.
 */
async function expectedTasks(
  reader: RunReader,
  key: RunKey,
  listing: RunListing,
  plan: Plan,
): Promise<Map<string, Pick<StepStatus, 'expected' | 'inLoop'>>> {
  const opened = new Map<string, string[]>();
  for (const pool of listing.pools) {
    const opener = pool.slice(0, pool.indexOf('/'));
    const pools = opened.get(opener);
    if (pools) pools.push(pool);
    else opened.set(opener, [pool]);
  }
  const failed = await failedItemsByOpener(reader, listing);
  const order = new Map(Object.keys(plan.steps).map((step, index) => [step, index]));
  const isBefore = (one: string | undefined, other: string) => (order.get(one ?? '') ?? -1) < (order.get(other) ?? -1);
  const certain = new Map(Object.keys(plan.pools).map((opener) => [opener, certainSteps(plan, opener)]));
  const expected = new Map<string, Pick<StepStatus, 'expected' | 'inLoop'>>();
  // The plan has an opener before the steps in its pools.
  for (const [step, { within }] of Object.entries(plan.steps)) {
    const scope = within.at(-1);
    const pool = scope === undefined ? undefined : plan.pools[scope];
    if (scope === undefined) expected.set(step, { expected: 1 });
    else if (!pool) expected.set(step, { inLoop: true });
    else if (certain.get(scope)?.has(step)) {
      const pools = opened.get(scope) ?? [];
      if (pools.length !== expected.get(scope)?.expected) continue;
      const isForeach = pool.kind === 'foreach';
      const items = isForeach ? await mapParallel(pools, (one) => reader.poolItems(key, one)) : pools.map(() => 1);
      // An item that failed has no tasks of the steps that follow.
      const ended = (failed.get(scope) ?? []).filter((failedAt) => isBefore(failedAt, step)).length;
      expected.set(step, { expected: items.reduce((sum, count) => sum + count, 0) - ended });
    }
  }
  return expected;
}
