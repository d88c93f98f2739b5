import { availableParallelism } from 'node:os';
import { string as argument } from '@oclif/core/args';
import { option, string } from '@oclif/core/flags';
import { EXIT_INTERRUPTED, EXIT_SYSTEM_ERROR, UserError } from '../../base/errors.ts';
import { type Palette, paletteFor, plainPalette } from '../../base/terminal/palette.ts';
import { reportTo } from '../../base/terminal/progress.ts';
import type { LoadedTests } from '../../flow-tests/load-tests.ts';
import type { Reporter } from '../../flow-tests/reporters/reporter.ts';
import type { CaseResult, RunOptions } from '../../flow-tests/run-tests.ts';
import { BaseCommand } from '../base-command.ts';
import { describeError } from '../views/render-error.ts';

/** What `--json` prints. */
interface Answer {
  passed: number;
  failed: number;
  cases: CaseAnswer[];
}

interface CaseAnswer {
  file: string;
  name: string;
  passed: boolean;
  ms: number;
  mismatches: { message: string; line: number; column: number; expected?: string; actual?: string }[];
}

const REPORTERS = ['spec', 'tap', 'junit'] as const;
type ReporterName = (typeof REPORTERS)[number];

export default class Test extends BaseCommand {
  static override summary = 'Run the tests of flows: the cases of *.test.yaml files.';
  static override description =
    'Mocked steps are replaced; all others run. Nothing is deployed and no server is started, except for cases with "platform: true". Exit codes: 0 all cases passed; 1 a case failed; 2 a test or flow file is invalid.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> flows/ --grep retries',
    '<%= config.bin %> <%= command.id %> --reporter junit --output report.xml',
  ];
  static override strict = false;
  static override args = {
    path: argument({ description: 'test files or folders', name: 'PATH', default: '.' }),
  };
  static override flags = {
    reporter: option({ char: 'r', description: 'format of the results', options: REPORTERS })({
      default: 'spec',
    }),
    output: string({
      char: 'o',
      description: 'file for the results; the terminal then shows spec',
      helpValue: 'FILE',
    }),
    grep: string({ char: 'g', description: 'only cases whose name contains this text', helpValue: 'TEXT' }),
  };

  /** Stops running cases. */
  #interrupt: () => void = () => this.#interrupted('before the first case ran');

  override async run(): Promise<Answer> {
    const { argv, flags } = await this.parse(Test);
    process.once('SIGINT', () => this.#interrupt());
    const started = performance.now();
    const report = reportTo(process.stderr);
    const [{ findTestFiles }, { ensurePython }] = await Promise.all([
      import('../../flow-tests/find-tests.ts'),
      import('../../twin/host/python-env.ts'),
    ]);
    const found = await findTestFiles(argv.length === 0 ? ['.'] : (argv as string[]));
    const { runtime: python } = await ensurePython(flags.home, report);
    const files = matching(await this.#load(found, python), flags.grep);
    const outputs = await this.#outputs(flags.reporter, flags.output);
    const results = await this.#runCases(files, outputs, { python, home: flags.home, report });
    for (const { reporter, write } of outputs) write(reporter.end(results, performance.now() - started));
    for (const { close } of outputs) await close();
    const answer = answerOf(results);
    if (answer.failed > 0) process.exitCode = EXIT_SYSTEM_ERROR;
    return answer;
  }

  async #runCases(
    files: readonly LoadedTests[],
    outputs: readonly Output[],
    options: Pick<RunOptions, 'python' | 'home' | 'report'>,
  ): Promise<CaseResult[]> {
    const { runTests } = await import('../../flow-tests/run-tests.ts');
    const { report } = options;
    const interruption = new AbortController();
    this.#interrupt = () => interruption.abort();
    const count = files.reduce((sum, { cases }) => sum + cases.length, 0);
    for (const { reporter, write } of outputs) write(reporter.begin?.(count));
    const results: CaseResult[] = [];
    try {
      report.progress(progress(results, count));
      const running = runTests(files, { ...options, parallel: availableParallelism(), signal: interruption.signal });
      for await (const result of running) {
        results.push(result);
        report.progress('');
        for (const { reporter, write } of outputs) write(reporter.result(result));
        report.progress(progress(results, count));
      }
      return results;
    } catch (error) {
      if (interruption.signal.aborted) this.#interrupted('the running cases were stopped');
      throw error;
    } finally {
      report.progress('');
    }
  }

  /** Problems in all files are reported before any case runs. */
  async #load(paths: readonly string[], python: string): Promise<LoadedTests[]> {
    const { loadTests } = await import('../../flow-tests/load-tests.ts');
    const loading = await Promise.allSettled(paths.map((path) => loadTests(path, python)));
    const failures = loading.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
    const last = failures.pop();
    for (const failure of failures) this.logToStderr(`${describeError(failure).text(paletteFor(process.stderr))}\n`);
    if (last) throw last;
    return loading.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  }

  /** If a file is named, it gets the requested format, and the terminal gets text for people. */
  async #outputs(name: ReporterName, file: string | undefined): Promise<Output[]> {
    const toTerminal = (text: string | undefined) => {
      if (text) this.log(text);
    };
    const terminal = (reporter: Reporter): Output => ({ reporter, write: toTerminal, close: async () => undefined });
    if (file === undefined) return [terminal(await reporterOf(name, this.palette))];
    const parts: string[] = [];
    const output: Output = {
      reporter: await reporterOf(name, plainPalette),
      write: (text) => {
        if (text) parts.push(`${text}\n`);
      },
      close: () => writeReport(file, parts.join('')),
    };
    return [output, terminal(await reporterOf('spec', this.palette))];
  }

  #interrupted(what: string): never {
    const message = `interrupted: ${what}`;
    if (this.jsonEnabled()) this.logJson({ error: { code: 'interrupted', message } });
    else this.logToStderr(`\n${message}`);
    process.exit(EXIT_INTERRUPTED);
  }
}

/** Where a reporter writes. */
interface Output {
  reporter: Reporter;
  write(text: string | undefined): void;
  close(): Promise<void>;
}

async function reporterOf(name: ReporterName, palette: Palette): Promise<Reporter> {
  switch (name) {
    case 'spec':
      return (await import('../../flow-tests/reporters/spec.ts')).specReporter(palette);
    case 'tap':
      return (await import('../../flow-tests/reporters/tap.ts')).tapReporter();
    case 'junit':
      return (await import('../../flow-tests/reporters/junit.ts')).junitReporter();
  }
}

async function writeReport(file: string, text: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(file, text).catch((error: Error) => {
    throw new UserError('cannot-write', `${file} cannot be written: ${error.message}`, 'choose another file with -o');
  });
}

function matching(files: readonly LoadedTests[], grep: string | undefined): LoadedTests[] {
  if (grep === undefined) return [...files];
  const found = files.flatMap((file) => {
    const cases = file.cases.filter(({ name }) => name.value.includes(grep));
    return cases.length === 0 ? [] : [{ ...file, cases }];
  });
  if (found.length > 0) return found;
  throw new UserError('no-cases', `no case name contains "${grep}"`, '--grep is case-sensitive and takes plain text');
}

function progress(results: readonly CaseResult[], count: number): string {
  return `  ${results.length}/${count} cases`;
}

function answerOf(results: readonly CaseResult[]): Answer {
  const cases = results.map(
    ({ tests, case: one, mismatches, ms }): CaseAnswer => ({
      file: tests.source.name,
      name: one.name.value,
      passed: mismatches.length === 0,
      ms,
      mismatches: mismatches.map(({ message, span, expected, actual }) => ({
        message,
        ...tests.source.position(span[0]),
        ...(expected && { expected: expected.join('\n') }),
        ...(actual && { actual: actual.join('\n') }),
      })),
    }),
  );
  const failed = cases.filter(({ passed }) => !passed).length;
  return { passed: cases.length - failed, failed, cases };
}
