import { paletteOf } from '../base/terminal/palette.ts';
import type { LoadedTests } from '../flow-tests/load-tests.ts';
import type { Reporter } from '../flow-tests/reporters/reporter.ts';
import type { CaseResult } from '../flow-tests/run-tests.ts';
import { type OnProgress, progressTo } from './on-progress.ts';

/** How results are written: for people, as Test Anything Protocol, or as JUnit's XML. */
export interface TestReport {
  format: 'spec' | 'tap' | 'junit';
  /** Only of `spec`. Default: false. */
  color?: boolean;
  /** Is called with lines, without a newline at their end. */
  write(lines: string): void;
}

export interface FlowTestOptions {
  /** Only cases with this text in their name. */
  grep?: string | undefined;
  reports?: readonly TestReport[];
  /** Processes that run cases side by side. Default: as many as the machine has processors. */
  parallel?: number;
  /** Folder of the Python environment. Default: `NUVOPIPE_HOME`, else `~/.nuvopipe`. */
  home?: string | undefined;
  /** Is called with the number of cases, before the first one is run. */
  onStart?: (cases: number) => void;
  onProgress?: OnProgress | undefined;
  /** Ends everything that is running; the call fails. */
  signal?: AbortSignal;
}

/** Something that a case expects otherwise. */
export interface TestMismatch {
  message: string;
  /** Of the expectation, in the test file; both count from 1. */
  line: number;
  column: number;
  expected?: string;
  actual?: string;
}

export interface FlowTestResult {
  /** The test file. */
  file: string;
  flow: string;
  name: string;
  passed: boolean;
  ms: number;
  mismatches: TestMismatch[];
}

/**
 * Runs flow tests: the cases of `*.test.yaml` files. Steps that a case mocks are replaced, all others are run; nothing is
 * deployed, and no server is started except for cases that ask for the platform.
 *
 * @param paths test files, and folders to search for them
 * @throws UserError `no-such-file`, `no-tests`, `no-cases`; FlowError for a file with errors; AggregateError with a FlowError
 * for each file, if several have errors. No case is run then.
 * @example
 * for await (const { name, passed } of testFlows(['flows'])) console.log(passed ? 'ok' : 'not ok', name);
 */
export async function* testFlows(
  paths: readonly string[],
  options: FlowTestOptions = {},
): AsyncGenerator<FlowTestResult> {
  const started = performance.now();
  const [{ availableParallelism }, { findTestFiles }, { ensurePython }, { homePaths }, { runTests }] =
    await Promise.all([
      import('node:os'),
      import('../flow-tests/find-tests.ts'),
      import('../twin/host/python-env.ts'),
      import('../twin/host/platform-state.ts'),
      import('../flow-tests/run-tests.ts'),
    ]);
  const { parallel = availableParallelism(), signal = new AbortController().signal } = options;
  const found = await findTestFiles(paths);
  const { home } = homePaths(options.home);
  const report = progressTo(options.onProgress);
  const { runtime: python } = await ensurePython(home, report);
  const files = await matching(await load(found, python), options.grep);
  signal.throwIfAborted();
  const count = files.reduce((sum, { cases }) => sum + cases.length, 0);
  options.onStart?.(count);
  const outputs = await Promise.all((options.reports ?? []).map(outputOf));
  for (const { reporter, write } of outputs) write(reporter.begin?.(count));
  const results: CaseResult[] = [];
  for await (const result of runTests(files, { parallel, python, home, report, signal })) {
    results.push(result);
    for (const { reporter, write } of outputs) write(reporter.result(result));
    yield resultOf(result);
  }
  for (const { reporter, write } of outputs) write(reporter.end(results, performance.now() - started));
}

/** Errors of all files are reported before a case is run. */
async function load(paths: readonly string[], python: string): Promise<LoadedTests[]> {
  const { loadTests } = await import('../flow-tests/load-tests.ts');
  const loading = await Promise.allSettled(paths.map((path) => loadTests(path, python)));
  const failures = loading.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} test files have errors`);
  if (failures.length === 1) throw failures[0];
  return loading.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

async function matching(files: readonly LoadedTests[], grep: string | undefined): Promise<LoadedTests[]> {
  if (grep === undefined) return [...files];
  const found = files.flatMap((file) => {
    const cases = file.cases.filter(({ name }) => name.value.includes(grep));
    return cases.length === 0 ? [] : [{ ...file, cases }];
  });
  if (found.length > 0) return found;
  const { UserError } = await import('../base/errors.ts');
  throw new UserError('no-cases', `no case name contains "${grep}"`, '--grep is case-sensitive and takes plain text');
}

async function outputOf({ format, color = false, write }: TestReport) {
  const writeText = (text: string | undefined) => {
    if (text) write(text);
  };
  return { reporter: await reporterOf(format, color), write: writeText };
}

async function reporterOf(format: TestReport['format'], color: boolean): Promise<Reporter> {
  switch (format) {
    case 'spec':
      return (await import('../flow-tests/reporters/spec.ts')).specReporter(paletteOf(color));
    case 'tap':
      return (await import('../flow-tests/reporters/tap.ts')).tapReporter();
    case 'junit':
      return (await import('../flow-tests/reporters/junit.ts')).junitReporter();
  }
}

function resultOf({ tests, case: one, mismatches, ms }: CaseResult): FlowTestResult {
  return {
    file: tests.source.name,
    flow: tests.bundle.plan.flow,
    name: one.name.value,
    passed: mismatches.length === 0,
    ms,
    mismatches: mismatches.map(({ message, span, expected, actual }) => ({
      message,
      ...tests.source.position(span[0]),
      ...(expected && { expected: expected.join('\n') }),
      ...(actual && { actual: actual.join('\n') }),
    })),
  };
}
