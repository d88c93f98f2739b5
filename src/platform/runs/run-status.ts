import type { RunFailure, RunResult } from '../../contract/envelope.ts';
import { keys } from '../../contract/layout.generated.ts';
import { versionOf } from '../../contract/names.ts';
import type { RunRecord, WaitingRecord } from '../../contract/records.ts';
import { mapParallel } from '../s3/parallel.ts';
import { unreadableRecord } from '../s3/store.ts';
import type { RunKey, RunListing, RunReader, TaskEntry } from './reader.ts';
import { placesOf, type StepSample } from './scopes.ts';

export type RunState = RunResult['status'];

export interface StepStatus {
  step: string;
  /** Tasks with a result. */
  succeeded: number;
  /** Tasks that failed for good. */
  failed: number;
  /**
   * How many tasks the step has in the end. Absent where that is not known: in a loop, behind a decision, while an enclosing
   * pool is still being opened for more items.
   */
  expected?: number;
  /** The tasks are the turns of a loop, if not of several. */
  inLoop?: true;
  /** Tasks that were not executed: their artifacts are those of an earlier run, which this one resumes, or of the cache. */
  reused?: number;
  /** Attempts that failed and were followed by another. */
  repeated?: number;
  /** The task that is being repeated this moment, the furthest of several: its attempt, from 1, and how many there are at most. */
  attempt?: { number: number; of?: number };
  /** Epoch milliseconds. */
  started: number;
  /** Of the newest task so far, epoch milliseconds; to the second where the step has several. */
  ended: number;
}

export interface RunStatus {
  flow: string;
  run: string;
  /** Of the flow, that the run finishes on: the actions of `<Flow>.steps` whose names end with it. */
  version: string;
  status: RunState;
  /** It has its result: steps that follow a failure are done, too. */
  isOver: boolean;
  user: string;
  /** Epoch milliseconds. */
  created: number;
  /** Epoch milliseconds, to the second; absent while it runs. */
  ended?: number;
  /** The run that this one resumes, and the step that was done again with all that follows. */
  origin?: { run: string; from?: string };
  /** The platform takes no more of its sessions for now; nothing has been done since (epoch milliseconds). */
  waiting?: WaitingRecord;
  /** Nobody has a lease any more on anything of it that is not done. */
  isLost?: true;
  /** In the order in which they began, without `_parameters`. */
  steps: StepStatus[];
  /** Of a run that has succeeded: steps that decisions could have led to, and none did. */
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

/** How a run stands, from its records alone: one listing, and one record a step. Undefined if there is no such run. */
export async function runStatus(reader: RunReader, key: RunKey, nowMs = Date.now()): Promise<RunStatus | undefined> {
  const [record, listing] = await Promise.all([reader.run(key), reader.listing(key)]);
  if (record === undefined) return undefined;
  const { markers } = listing;
  const result = markers.result === undefined ? undefined : await reader.result(key);
  if (reader.unreadable.has(keys.result(key))) throw unreadableRecord(keys.result(key));
  const status = stateOf(listing, result);
  // What a cancelled run keeps as its failure is only what the steps of `onFailure` are told.
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

/** The shortest lease: `LEASE_MARGIN_MS` of `runtime/src/nuvopipe_runtime/protocol/claims/pool.py`. What was written since is not lost. */
const LEASE_MIN_MS = 5_000;

/** Claims looked at for one that is alive, the latest first: a run has few more lanes. */
const CLAIMS_READ_MAX = 100;

/** Of a run that is not over: whether it waits, or is lost. */
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

/** Whether the lease of a run has run out, and every claim of its items and joins with it; it may wait for a flow that it has started. */
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

/** One task of each step that says what it read, if there is one. */
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

/** Steps that no decision led to, and nothing else. */
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
    // Its failure is committed a moment before it is the run's.
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
      // A task that was taken over began in another run.
      started: reused > 0 && reused < committed ? Math.max(record.started, created) : record.started,
      ended: entries.length === 1 ? record.ended : Math.max(...entries.map(({ modified }) => modified)),
    };
  });
  return steps.sort((a, b) => a.started - b.started);
}

/** Attempts that were repeated, and that which is. */
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
  // Attempts are counted from 0, and this is the one after.
  return { repeated, attempt: { number: lastOf(furthest) + 2, ...(of !== undefined && { of }) } };
}

/** Tasks that failed for good, by step: that which failed the run, and those of items without which a foreach goes on. */
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
 * How many tasks each step has: the items of all pools of its innermost opener (a foreach), or one for each of those pools
 * (a branch); one at the top. An opener inside an item may open more pools yet, then the number is left out.
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
  // An opener has fewer scopes around it than what is in its pools.
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
