import type { RunFailure, RunResult } from '../../contract/envelope.ts';
import { keys } from '../../contract/layout.generated.ts';
import { versionOf } from '../../contract/names.ts';
import type { RunRecord, WaitingRecord } from '../../contract/records.ts';
import { mapParallel } from '../s3/parallel.ts';
import { readRecord } from '../s3/read-record.ts';
import type { RunKey, RunListing, RunReader, TaskEntry } from './reader.ts';
import { placesOf, type StepSample } from './scopes.ts';

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
  const samples = await samplesOf(reader, record, listing);
  const notRun = result?.status === 'succeeded' ? passedBy(samples) : [];
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
    steps: await stepsOf(reader, record, listing, samples, error),
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

interface Sampled extends StepSample {
  entries: TaskEntry[];
}

/** One task per step whose record says what it read, if there is one. */
async function samplesOf(reader: RunReader, key: RunKey, listing: RunListing): Promise<Map<string, Sampled>> {
  const tasks = new Map<string, TaskEntry[]>();
  for (const entry of listing.tasks) {
    if (entry.step.startsWith('_')) continue;
    const entries = tasks.get(entry.step);
    if (entries) entries.push(entry);
    else tasks.set(entry.step, [entry]);
  }
  const samples = new Map<string, Sampled>();
  await mapParallel([...tasks], async ([step, entries]) => {
    const entry = entries.find(({ committed }) => committed) ?? (entries[0] as TaskEntry);
    const attempts = await reader.attempts(key, entry);
    const record = attempts.findLast(({ parents }) => parents.length > 0) ?? attempts.at(-1);
    if (record) samples.set(step, { step, record, entries });
  });
  return samples;
}

/** Steps that no decision led to. */
function passedBy(samples: ReadonlyMap<string, StepSample>): string[] {
  const passed = new Set([...samples.values()].flatMap(({ record }) => record.passed ?? []));
  return [...passed].filter((step) => !samples.has(step));
}

async function stepsOf(
  reader: RunReader,
  { created, ...key }: RunRecord,
  listing: RunListing,
  samples: ReadonlyMap<string, Sampled>,
  error: RunFailure | undefined,
): Promise<StepStatus[]> {
  const [expected, failures] = await Promise.all([
    expectedTasks(reader, key, listing, samples),
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
      ...(await repetitions(reader, key, entries)),
      // A reused task started in another run.
      started: reused > 0 && reused < committed ? Math.max(record.started, created) : record.started,
      ended: entries.length === 1 ? record.ended : Math.max(...entries.map(({ modified }) => modified)),
    };
  });
  return steps.sort((a, b) => a.started - b.started);
}

/** Attempts that were or are being repeated. */
async function repetitions(
  reader: RunReader,
  key: RunKey,
  entries: readonly TaskEntry[],
): Promise<Pick<StepStatus, 'repeated' | 'attempt'>> {
  const repeated = entries.reduce((sum, { failedAttempts }) => sum + failedAttempts.length, 0);
  if (repeated === 0) return {};
  const open = entries.filter(({ committed }) => !committed);
  const lastOf = ({ failedAttempts }: TaskEntry) => Math.max(...failedAttempts);
  const [furthest] = open.toSorted((a, b) => lastOf(b) - lastOf(a));
  if (!furthest) return { repeated };
  const of = (await reader.attempts(key, furthest)).at(-1)?.attempts;
  // Attempts are counted from 0, and this is the next one.
  return { repeated, attempt: { number: lastOf(furthest) + 2, ...(of !== undefined && { of }) } };
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

/**
 * Number of tasks of each step: the items of all pools of its innermost opener (foreach), or one per such pool
 * (branches); one at the top. If an opener inside an item can still open more pools, the number is omitted.
 */
async function expectedTasks(
  reader: RunReader,
  key: RunKey,
  listing: RunListing,
  samples: ReadonlyMap<string, StepSample>,
): Promise<Map<string, Pick<StepStatus, 'expected' | 'inLoop'>>> {
  const opened = new Map<string, string[]>();
  for (const pool of listing.pools) {
    const opener = pool.slice(0, pool.indexOf('/'));
    const pools = opened.get(opener);
    if (pools) pools.push(pool);
    else opened.set(opener, [pool]);
  }
  const places = placesOf(samples, new Set(opened.keys()));
  const expected = new Map<string, Pick<StepStatus, 'expected' | 'inLoop'>>();
  // An opener has fewer enclosing scopes than the steps in its pools.
  const outermostFirst = [...places].sort(([, a], [, b]) => a.scopes.length - b.scopes.length);
  for (const [step, { scopes, isConditional }] of outermostFirst) {
    const scope = scopes.at(-1);
    if (scope === undefined) expected.set(step, { expected: 1 });
    else if (scope.kind === 'loop') expected.set(step, { inLoop: true });
    else if (!isConditional) {
      const pools = opened.get(scope.opener) ?? [];
      if (pools.length !== expected.get(scope.opener)?.expected) continue;
      const isForeach = typeof samples.get(scope.opener)?.record.splits === 'number';
      const items = isForeach ? await mapParallel(pools, (pool) => reader.poolItems(key, pool)) : pools.map(() => 1);
      expected.set(step, { expected: items.reduce((sum, count) => sum + count, 0) });
    }
  }
  return expected;
}
