import { UserError } from '../base/errors.ts';
import type { Bundle } from '../contract/manifest.ts';
import { versionOf } from '../contract/names.ts';
import type { RunRecord } from '../contract/records.ts';
import type { Whisk } from '../platform/openwhisk/client.ts';
import type { Cancellation } from '../platform/runs/cancel-run.ts';
import type { Ending } from '../platform/runs/invoke.ts';
import type { RunSummary } from '../platform/runs/list-runs.ts';
import type { FlowPrune, PruneRule } from '../platform/runs/prune-runs.ts';
import type { RunKey, RunReader } from '../platform/runs/reader.ts';
import type { LogFilter, TaskLogLine } from '../platform/runs/run-logs.ts';
import type { RunStatus } from '../platform/runs/run-status.ts';
import type { SweepReport } from '../platform/runs/sweep-runs.ts';
import type { VersionChange } from '../platform/runs/version-change.ts';
import type { StepWhy } from '../platform/runs/why-run.ts';
import { type OnProgress, progressTo } from './on-progress.ts';
import { type OutputOptions, withOutputs } from './outputs.ts';
import { type Datastore, type Target, toolsOf, withClients, withStore } from './targets.ts';

export type { RunFailure } from '../contract/envelope.ts';
export type { WaitingRecord } from '../contract/records.ts';
export type { Cancellation } from '../platform/runs/cancel-run.ts';
export type { RunSummary } from '../platform/runs/list-runs.ts';
export type { FlowPrune, PrunedRun, PruneRule } from '../platform/runs/prune-runs.ts';
export type { RunKey } from '../platform/runs/reader.ts';
export type { KeepReason } from '../platform/runs/retention.ts';
export type { LogFilter, TaskLogLine } from '../platform/runs/run-logs.ts';
export type { RunState, RunStatus, StepStatus } from '../platform/runs/run-status.ts';
export type { SweepReport } from '../platform/runs/sweep-runs.ts';
export type { StepChanges, VersionChange } from '../platform/runs/version-change.ts';
export type { Change, ExecutionReason, StepWhy, TaskWhy } from '../platform/runs/why-run.ts';

/** A run: its flow and name, or a text that `find` takes. */
export type RunName = RunKey | string;

/** An object of the datastore that was skipped. */
export interface SkippedObject {
  key: string;
  /** It is not a valid record, or one that another version of nuvopipe wrote. */
  reason: 'invalid' | 'other-version';
}

export interface ReadOptions {
  /** Is called with the objects that were skipped, in the order of their keys. */
  onSkipped?: ((objects: SkippedObject[]) => void) | undefined;
}

/** A run of a name that was started before. */
export interface ExistingRun {
  /** Epoch milliseconds. */
  created: number;
  /** Of the flow. */
  version: string;
  /** What it was started with, as text; `***` in place of secrets. */
  parameters: Record<string, string>;
}

export interface FollowOptions extends OutputOptions {
  /** Is called once the run has its name, before the flow is invoked. */
  onStart?: ((key: RunKey) => void) | undefined;
  /** Is called whenever the status has changed. */
  onStatus?: ((status: RunStatus) => void) | undefined;
  /** Stops following: the call fails with the signal's reason, and the run continues. */
  signal?: AbortSignal | undefined;
}

export interface StartOptions extends FollowOptions {
  /**
   * Values of the flow's parameters, by name. Integers beyond 2^53 are bigints; a `Uint8Array` is the content of a `file`
   * parameter with `binary: true`.
   */
  parameters?: Readonly<Record<string, unknown>> | undefined;
  /** Name of the run. Starting it again under the same name joins the run. Default: a new name. */
  name?: string | undefined;
  /** Is called if a run of this name exists. */
  onExisting?: ((run: ExistingRun) => void) | undefined;
}

/** How a run ended. */
export interface RunOutcome extends RunKey, Ending {}

/**
 * Starts a run of a deployed flow, and follows it to its end.
 *
 * @returns how it ended; a failed run is not an error
 * @throws UserError `run-exists`, if a run of this name was started with other parameters; errors of OpenWhisk and S3.
 * @example
 * const { status, outputs, error } = await runs.start(target, 'HelloFlow', { parameters: { name: 'world' } });
 */
export async function start(target: Target, flow: string, options: StartOptions = {}): Promise<RunOutcome> {
  return follow(target, options, async () => ({
    flow,
    name: options.name,
    parameters: sent(options.parameters ?? {}),
  }));
}

export interface ResumeOptions extends FollowOptions, ReadOptions {
  /** The step to execute again, with all that follows it. Default: what is missing. */
  from?: string | undefined;
  /** Name of the new run. Default: a new name. */
  name?: string | undefined;
  /** Is called if a run of this name exists. */
  onExisting?: ((run: ExistingRun) => void) | undefined;
  /** Is called with the run that is resumed. */
  onOrigin?: ((key: RunKey) => void) | undefined;
  /** Is called before the run starts if the flow was deployed in another version since. */
  onVersionChange?: ((change: VersionChange) => void) | undefined;
}

/**
 * Resumes a run that failed or was cancelled, as a new run of the flow as it is deployed now, and follows it to its end. What
 * the run did is taken over.
 *
 * @returns how the new run ended
 * @throws UserError `unknown-run`, `unknown-step`; `refused-run`, if the run was refused for its parameters;
 * `unreadable-secrets`, if the S3 key was rotated since.
 * @example
 * const { run, status } = await runs.resume(target, 'HelloFlow/20260102030405-1a2b3c4d', { from: 'train' });
 */
export async function resume(target: Target, run: RunName, options: ResumeOptions = {}): Promise<RunOutcome> {
  return follow(target, options, async (reader, whisk) => {
    const { pathspec } = await import('../platform/runs/find-run.ts');
    const origin = await keyOf(reader, run);
    tellSkipped(reader, options);
    const record = await reader.run(origin);
    const refused = record?.refused;
    if (refused !== undefined) {
      const message = `${pathspec(origin)} was rejected because of its parameters: ${refused}`;
      throw new UserError('refused-run', message, 'start it again with other parameters');
    }
    options.onOrigin?.(origin);
    const change = record && options.onVersionChange && (await changeOf(whisk, reader, record));
    if (change) options.onVersionChange?.(change);
    const { from, name } = options;
    return { flow: origin.flow, name, parameters: { resume: origin.run, ...(from !== undefined && { from }) } };
  });
}

/** From the version of a run to the deployed one. A flow that is not deployed is reported when it is invoked. */
async function changeOf(whisk: Whisk, reader: RunReader, record: RunRecord): Promise<VersionChange | undefined> {
  const [{ ownerOf }, { versionChange }] = await Promise.all([
    import('../platform/deploy/owner.ts'),
    import('../platform/runs/version-change.ts'),
  ]);
  const { version } = ownerOf(await whisk.getAction(record.flow));
  return version === undefined ? undefined : versionChange(reader, record, version);
}

interface Start {
  flow: string;
  name: string | undefined;
  parameters: Record<string, unknown>;
}

async function follow(
  target: Target,
  options: FollowOptions & Pick<StartOptions, 'onExisting'>,
  prepare: (reader: RunReader, whisk: Whisk) => Promise<Start>,
): Promise<RunOutcome> {
  const { onStart, onStatus, onExisting, signal } = options;
  signal?.throwIfAborted();
  const [{ RunReader }, { invokeAndFollow, newRunId }] = await Promise.all([
    import('../platform/runs/reader.ts'),
    import('../platform/runs/invoke.ts'),
  ]);
  return withClients(target, async ({ whisk, store }) => {
    const reader = new RunReader(store);
    const { flow, name, parameters } = await prepare(reader, whisk);
    const key = { flow, run: name ?? newRunId(new Date()) };
    onStart?.(key);
    const earlier = name === undefined ? undefined : await reader.run(key);
    if (earlier) onExisting?.(existing(earlier));
    const { status, outputs, exact, error } = await invokeAndFollow(
      ...([whisk, reader, key, parameters] as const),
      (state) => onStatus?.(withOutputs(state, options)),
      { exists: earlier !== undefined, ...(signal && { signal }) },
    );
    const outcome = { ...key, status, ...(outputs && { outputs }), ...(exact && { exact }), ...(error && { error }) };
    return withOutputs(outcome, options);
  });
}

function existing({ created, bundle, given = {} }: RunRecord): ExistingRun {
  const parameters = Object.entries(given).map(([name, { shown = '***' }]) => [name, shown]);
  return { created, version: versionOf(bundle), parameters: Object.fromEntries(parameters) };
}

/** As OpenWhisk takes it: in JSON there are no bigints and no bytes. */
function sent(parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values = Object.entries(parameters).map(([name, value]) => {
    if (typeof value === 'bigint') return [name, String(value)];
    return [name, value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value];
  });
  return Object.fromEntries(values);
}

/**
 * Reads parameters as the command line takes them: `NAME=VALUE`. The value of a `file` parameter is a path, that of a `json`
 * or `secret` one may be `@FILE`.
 *
 * @throws UserError with everything that does not fit the flow's parameters, or is missing.
 * @example
 * const parameters = await runs.parseParameters(bundle, ['days=7', 'options=@options.json']);
 */
export async function parseParameters({ plan }: Bundle, texts: readonly string[]): Promise<Record<string, unknown>> {
  const { readParameters } = await import('../platform/runs/parameter-texts.ts');
  return readParameters(texts, plan.parameters);
}

/**
 * Finds the run that a text names: `Flow/run`, or the run alone; a beginning is enough if only one run has it.
 *
 * @throws UserError `unknown-run`, `ambiguous-run`.
 * @example
 * const { flow, run } = await runs.find(target, '20260102');
 */
export async function find(at: Datastore, text: string, options: ReadOptions = {}): Promise<RunKey> {
  return read(at, options, (reader) => keyOf(reader, text));
}

/**
 * The latest runs, the latest first.
 *
 * @param options.flow only runs of this flow
 * @param options.limit how many at most; default: 20
 * @example
 * for (const { flow, run, status } of await runs.list(target, { limit: 5 })) console.log(flow, run, status);
 */
export async function list(
  at: Datastore,
  options: ReadOptions & { flow?: string; limit?: number } = {},
): Promise<RunSummary[]> {
  const { listRuns } = await import('../platform/runs/list-runs.ts');
  const { flow, limit = LIST_LIMIT } = options;
  return read(at, options, (reader) => listRuns(reader, { limit, ...(flow !== undefined && { flow }) }));
}

const LIST_LIMIT = 20;

/**
 * The status of a run: its state, its steps with their counts, outputs and failure.
 *
 * @throws UserError `unknown-run`, `ambiguous-run`.
 * @example
 * const { status, steps } = await runs.status(target, 'HelloFlow/20260102030405-1a2b3c4d');
 */
export async function status(
  at: Datastore,
  run: RunName,
  options: ReadOptions & OutputOptions = {},
): Promise<RunStatus> {
  const { runStatus } = await import('../platform/runs/run-status.ts');
  return read(at, options, async (reader) => {
    const key = await keyOf(reader, run);
    const found = await runStatus(reader, key);
    if (found) return withOutputs(found, options);
    throw new UserError('unknown-run', `there is no run "${key.flow}/${key.run}" in ${reader.store.root}`);
  });
}

/**
 * Yields the status of a run whenever it changes, until the run is over or the signal is aborted.
 *
 * @throws UserError `unknown-run`, `ambiguous-run`.
 * @example
 * for await (const { status, steps } of runs.watch(target, run)) console.log(status, steps.length);
 */
export async function* watch(
  at: Datastore,
  run: RunName,
  options: ReadOptions & OutputOptions & { signal?: AbortSignal } = {},
): AsyncGenerator<RunStatus> {
  const { followRun } = await import('../platform/runs/follow.ts');
  const { signal } = options;
  yield* readEach(at, options, async function* (reader) {
    const following = followRun(reader, await keyOf(reader, run), signal === undefined ? {} : { signal });
    for await (const status of following) yield withOutputs(status, options);
  });
}

export interface LogOptions extends ReadOptions, LogFilter {
  /** Waits for new lines until the run is over. Default: false. */
  follow?: boolean;
  /** Ends a log that is followed. */
  signal?: AbortSignal;
}

/**
 * Yields what the steps of a run wrote, task by task; of running steps what they wrote until a few seconds ago.
 *
 * @throws UserError `unknown-run`, `unknown-step`, `unknown-task`.
 * @example
 * for await (const { step, text } of runs.logs(target, run, { step: 'train' })) console.log(`${step}: ${text}`);
 */
export async function* logs(at: Datastore, run: RunName, options: LogOptions = {}): AsyncGenerator<TaskLogLine> {
  const { followLogs, runLogs } = await import('../platform/runs/run-logs.ts');
  const { follow, signal = new AbortController().signal, onSkipped: _, ...filter } = options;
  yield* readEach(at, options, async function* (reader) {
    const key = await keyOf(reader, run);
    yield* follow ? followLogs(reader, key, filter, signal) : runLogs(reader, key, filter);
  });
}

/**
 * Says why the tasks of a step were executed, or why they were not.
 *
 * @param options.task only this task
 * @throws UserError `unknown-run`, `unknown-step`, `unknown-task`.
 * @example
 * const { tasks } = await runs.why(target, run, 'train');
 */
export async function why(
  at: Datastore,
  run: RunName,
  step: string,
  options: ReadOptions & { task?: string | undefined } = {},
): Promise<StepWhy> {
  const { whyStep } = await import('../platform/runs/why-run.ts');
  return read(at, options, async (reader) => whyStep(reader, await keyOf(reader, run), step, options.task));
}

/**
 * Cancels a run: no step begins any more, and those that are executed end within seconds. Waits two minutes at most for the
 * steps of `onFailure`.
 *
 * @throws UserError `unknown-run`, `ambiguous-run`; SystemError `cancel-failed`.
 * @example
 * const { status, isOver } = await runs.cancel(target, run);
 */
export async function cancel(target: Target, run: RunName, options: ReadOptions = {}): Promise<RunKey & Cancellation> {
  const [{ cancelRun }, { RunReader }] = await Promise.all([
    import('../platform/runs/cancel-run.ts'),
    import('../platform/runs/reader.ts'),
  ]);
  return withClients(target, async ({ whisk, store }) => {
    const reader = new RunReader(store);
    const key = await keyOf(reader, run);
    tellSkipped(reader, options);
    return { ...key, ...(await cancelRun(whisk, store, key)) };
  });
}

export interface PruneOptions extends ReadOptions {
  /** Which runs may go. */
  rule: PruneRule;
  /** Only runs of these flows. Default: all flows. */
  flows?: readonly string[] | undefined;
  /** Deletes them; otherwise it is only found out what would be deleted. Default: false. */
  delete?: boolean | undefined;
  onProgress?: OnProgress | undefined;
}

/**
 * Finds the old runs that a rule lets go, with their artifacts and logs, and deletes them on request. Yields a summary of each
 * flow, once it is done.
 *
 * @throws UserError `unknown-flow`, if a flow has no runs; `run-needed`, if one of them has been resumed.
 * @example
 * const rule = { olderThanMs: 30 * 24 * 3_600_000 };
 * for await (const { flow, runs, bytes } of runs.prune(target, { rule })) console.log(flow, runs.length, bytes);
 */
export async function* prune(at: Datastore, options: PruneOptions): AsyncGenerator<FlowPrune> {
  const { planPrune, prunedFlows, pruneRuns } = await import('../platform/runs/prune-runs.ts');
  const { rule, flows: named = [], onProgress } = options;
  const report = progressTo(onProgress);
  yield* readEach(at, options, async function* (reader) {
    const flows = await prunedFlows(reader);
    await requireFlows(reader, named, flows);
    for (const flow of named.length === 0 ? flows : new Set(named)) {
      report.progress(`Looking at ${flow}`);
      const plan = await planPrune(reader, flow, rule, Date.now());
      if (options.delete)
        await pruneRuns(reader, plan, (what, objects) => report.progress(`${flow}: deleting ${what} (${objects})`));
      report.progress('');
      yield plan.summary;
    }
  });
}

async function requireFlows(reader: RunReader, named: readonly string[], flows: readonly string[]): Promise<void> {
  const unknown = named.find((name) => !flows.includes(name));
  if (unknown === undefined) return;
  const { didYouMean } = await import('../base/suggest.ts');
  const message = `no runs of a flow "${unknown}" in ${reader.store.root}`;
  throw new UserError(
    'unknown-flow',
    message,
    didYouMean(unknown, flows) ?? 'list the latest runs with: nuvopipe status',
  );
}

export interface SweepOptions {
  /** A Python with pip, which fetches packages. Default: see `findPython`. */
  python?: string | undefined;
  /** Folder where fetched packages are kept. Default: `NUVOPIPE_HOME`, else `~/.nuvopipe`. */
  home?: string | undefined;
  onProgress?: OnProgress | undefined;
}

/**
 * Finds stalled runs and restarts them. The action that does it is deployed where it is missing.
 *
 * @throws SystemError `sweep-failed`.
 * @example
 * const { live, swept } = await runs.sweep(target);
 */
export async function sweep(target: Target, options: SweepOptions = {}): Promise<SweepReport> {
  const [{ sweepRuns }, { deploySweeper, sweeperName }] = await Promise.all([
    import('../platform/runs/sweep-runs.ts'),
    import('../platform/deploy/sweeper.ts'),
  ]);
  const tools = await toolsOf(target, options);
  return withClients(target, async ({ whisk, store: { settings: store } }) => {
    const report = progressTo(options.onProgress);
    await deploySweeper({ ...tools, whisk, store, alarm: false, report });
    report.progress('');
    return sweepRuns(whisk, sweeperName(store));
  });
}

async function keyOf(reader: RunReader, run: RunName): Promise<RunKey> {
  if (typeof run !== 'string') return { flow: run.flow, run: run.run };
  return (await import('../platform/runs/find-run.ts')).findRun(reader, run);
}

function tellSkipped({ unreadable, ofOtherVersion }: RunReader, { onSkipped }: ReadOptions): void {
  const skipped: SkippedObject[] = [
    ...[...unreadable].map((key) => ({ key, reason: 'invalid' as const })),
    ...[...ofOtherVersion].map((key) => ({ key, reason: 'other-version' as const })),
  ];
  if (skipped.length > 0) onSkipped?.(skipped.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
}

async function read<T>(at: Datastore, options: ReadOptions, use: (reader: RunReader) => Promise<T>): Promise<T> {
  const { RunReader } = await import('../platform/runs/reader.ts');
  return withStore(at, async (store) => {
    const reader = new RunReader(store);
    try {
      return await use(reader);
    } finally {
      tellSkipped(reader, options);
    }
  });
}

async function* readEach<T>(
  { store: settings }: Datastore,
  options: ReadOptions,
  each: (reader: RunReader) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const [{ RunReader }, { openStore }] = await Promise.all([
    import('../platform/runs/reader.ts'),
    import('../platform/s3/store.ts'),
  ]);
  const store = await openStore(settings);
  const reader = new RunReader(store);
  try {
    yield* each(reader);
  } finally {
    tellSkipped(reader, options);
    store.close();
  }
}
