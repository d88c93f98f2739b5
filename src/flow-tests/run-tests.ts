import type { Progress } from '../base/terminal/progress.ts';
import { Simulation } from './in-simulation.ts';
import { artifactsToRead, judge, type Mismatch } from './judge.ts';
import type { LoadedTests } from './load-tests.ts';
import { TestPlatform } from './on-platform.ts';
import { type Packages, packagesOf } from './packages.ts';
import type { TestCase } from './test-file.ts';
import type { CaseOutcome } from './test-outcome.ts';

export interface CaseResult {
  tests: LoadedTests;
  case: TestCase;
  /** Empty if the case passed. */
  mismatches: Mismatch[];
  /** The end of its tasks' output. */
  log: string;
  ms: number;
}

export interface RunOptions {
  /** Maximum number of concurrent processes. */
  parallel: number;
  python: string;
  home: string;
  report: Progress;
  /** Stops everything that is running. */
  signal: AbortSignal;
}

interface WorkOptions extends RunOptions {
  packages: ReadonlyMap<LoadedTests, Packages>;
}

/**
 * A process takes about a second to start and a case a few hundredths, so an additional process pays off for this
 * many cases.
 */
const CASES_PER_PROCESS_MIN = 16;

/** A case with a pending result. */
interface Pending {
  tests: LoadedTests;
  case: TestCase;
  result: Promise<CaseResult>;
  done(result: CaseResult): void;
  fail(error: unknown): void;
}

/** What Python reports about a flow's code. */
type Batch = [Pending, ...Pending[]];

/**
 * Runs the cases of test files in parallel and returns their results in file order.
 *
 * Everything it started is stopped when the last result has been taken, the caller stops, or the signal aborts.
 */
export async function* runTests(files: readonly LoadedTests[], options: RunOptions): AsyncGenerator<CaseResult> {
  // In sequence: two flows might need the same packages, which are created on first use.
  const packages = new Map<LoadedTests, Packages>();
  for (const tests of files) {
    packages.set(tests, await packagesOf(tests.bundle.plan, options.python, options.home, options.report));
  }
  const pending = files.map((tests) => tests.cases.map((one) => pend(tests, one)));
  const all = pending.flat();
  const share = Math.ceil(options.parallel / Math.max(1, files.length));
  const simulated = pending.flatMap((ofFile) =>
    split(
      ofFile.filter((each) => !each.case.platform),
      share,
    ),
  );
  const real = pending.flatMap((ofFile) =>
    split(
      ofFile.filter((each) => each.case.platform),
      1,
    ),
  );
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const work = { ...options, signal, packages };
  const jobs = simulated.map((batch) => () => simulate(batch, work));
  if (real.length > 0) jobs.push(() => runOnPlatform(real, work));
  const failAll = (error: unknown) => {
    for (const each of all) each.fail(error);
  };
  const working = doAll(jobs, options.parallel, signal, () => stop.abort()).then(
    () => failAll(new Error('interrupted')),
    failAll,
  );
  try {
    for (const { result } of all) yield await result;
  } finally {
    stop.abort();
    await working;
  }
}

function pend(tests: LoadedTests, one: TestCase): Pending {
  let ends: Pick<Pending, 'done' | 'fail'> | undefined;
  const result = new Promise<CaseResult>((done, fail) => {
    ends = { done, fail };
  });
  // The reader of the results receives the first failure and stops.
  result.catch(() => undefined);
  return { tests, case: one, result, ...(ends as unknown as Pick<Pending, 'done' | 'fail'>) };
}

/** Distributes cases over at most this many batches, each of a worthwhile size. */
function split(cases: readonly Pending[], most: number): Batch[] {
  const count = Math.min(most, Math.ceil(cases.length / CASES_PER_PROCESS_MIN));
  const batches = Array.from({ length: count }, (_, index) => cases.filter((_, at) => at % count === index));
  return batches.filter((batch): batch is Batch => batch.length > 0);
}

/** Runs all jobs with limited concurrency; the first failure stops the others. */
async function doAll(
  jobs: (() => Promise<void>)[],
  parallel: number,
  signal: AbortSignal,
  endOthers: () => void,
): Promise<void> {
  const queue = jobs.values();
  const worker = async () => {
    for (const job of queue) {
      if (signal.aborted) return;
      await job();
    }
  };
  const working = Array.from({ length: Math.min(parallel, jobs.length) }, worker);
  await Promise.all(working).catch(endOthers);
  const failed = (await Promise.allSettled(working)).find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
}

async function simulate(batch: Batch, options: WorkOptions): Promise<void> {
  const { signal } = options;
  await withSimulation(batch[0].tests, options, async (simulation) => {
    for (const each of batch) {
      if (signal.aborted) return;
      const { tests } = each;
      finish(each, await simulation.run(each.case, artifactsToRead(each.case, tests.bundle.plan.end)));
    }
  });
}

async function runOnPlatform(batches: readonly Batch[], options: WorkOptions): Promise<void> {
  const { home, report, signal } = options;
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const platform = await TestPlatform.start(home, report);
  try {
    for (const batch of batches) {
      await withSimulation(batch[0].tests, options, async (simulation) => {
        for (const each of batch) {
          if (signal.aborted) return;
          const { bundle } = each.tests;
          const wanted = artifactsToRead(each.case, bundle.plan.end);
          const running = platform.run(bundle, each.case, wanted, simulation, report);
          // An abandoned run ends with the platform, or by itself.
          const outcome = await Promise.race([running, aborted]);
          if (outcome !== undefined) finish(each, outcome);
        }
      });
    }
  } finally {
    await platform.close(report);
  }
}

/** Ends the process immediately on the signal, whatever it is doing. */
async function withSimulation(
  tests: LoadedTests,
  { python, packages, signal }: WorkOptions,
  body: (simulation: Simulation) => Promise<void>,
): Promise<void> {
  const simulation = await Simulation.start(tests.bundle, python, packages.get(tests) as Packages);
  const end = () => void simulation.close();
  signal.addEventListener('abort', end, { once: true });
  try {
    await body(simulation);
  } finally {
    signal.removeEventListener('abort', end);
    await simulation.close();
  }
}

function finish({ tests, case: one, done }: Pending, outcome: CaseOutcome): void {
  const ran = 'status' in outcome;
  done({
    ...{ tests, case: one, mismatches: judge(one, outcome, tests.steps, tests.bundle.plan.end) },
    ...{ log: ran ? outcome.log : '', ms: ran ? outcome.ms : 0 },
  });
}
