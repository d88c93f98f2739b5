import { string as argument } from '@oclif/core/args';
import { option, string } from '@oclif/core/flags';
import { EXIT_INTERRUPTED, EXIT_SYSTEM_ERROR, UserError } from '../../base/errors.ts';
import { paletteFor, showsColor } from '../../base/terminal/palette.ts';
import { reportTo } from '../../base/terminal/progress.ts';
import { type FlowTestResult, type TestReport, testFlows } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { onProgressOf } from '../views/on-progress.ts';
import { describeError } from '../views/render-error.ts';

/** What `--json` prints. */
interface Answer {
  passed: number;
  failed: number;
  cases: CaseAnswer[];
}

type CaseAnswer = Omit<FlowTestResult, 'flow'>;

const REPORTERS = ['spec', 'tap', 'junit'] as const;

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

  override async run(): Promise<Answer> {
    const { argv, flags } = await this.parse(Test);
    const interruption = new AbortController();
    process.once('SIGINT', () => interruption.abort());
    const report = reportTo(process.stderr);
    const parts: string[] = [];
    const cases: CaseAnswer[] = [];
    let count = 0;
    const showProgress = () => report.progress(`  ${cases.length}/${count} cases`);
    const running = testFlows(argv.length === 0 ? ['.'] : (argv as string[]), {
      home: flags.home,
      grep: flags.grep,
      signal: interruption.signal,
      onProgress: onProgressOf(report),
      onStart: (all) => {
        count = all;
        showProgress();
      },
      reports: this.#reports(flags.reporter, flags.output === undefined ? undefined : parts, () => report.progress('')),
    });
    try {
      for await (const { flow: _, ...result } of running) {
        cases.push(result);
        showProgress();
      }
    } catch (error) {
      report.progress('');
      if (interruption.signal.aborted)
        this.#interrupted(count === 0 ? 'before the first case ran' : 'the running cases were stopped');
      this.#throwLast(error);
    }
    report.progress('');
    if (flags.output !== undefined) await writeReport(flags.output, parts.join(''));
    const failed = cases.filter(({ passed }) => !passed).length;
    if (failed > 0) process.exitCode = EXIT_SYSTEM_ERROR;
    return { passed: cases.length - failed, failed, cases };
  }

  /** The chosen format goes to the file, if there is one; the terminal then gets `spec`. */
  #reports(format: TestReport['format'], file: string[] | undefined, clear: () => void): TestReport[] {
    const toTerminal = (lines: string) => {
      clear();
      this.log(lines);
    };
    const color = showsColor(this.jsonEnabled() ? process.stderr : process.stdout);
    if (file === undefined) return [{ format, color, write: toTerminal }];
    return [
      { format, write: (lines) => file.push(`${lines}\n`) },
      { format: 'spec', color, write: toTerminal },
    ];
  }

  /** Shows all errors but the last one, which is this command's. */
  #throwLast(error: unknown): never {
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
    for (const each of errors.slice(0, -1))
      this.logToStderr(`${describeError(each).text(paletteFor(process.stderr))}\n`);
    throw errors.at(-1);
  }

  #interrupted(what: string): never {
    const message = `interrupted: ${what}`;
    if (this.jsonEnabled()) this.logJson({ error: { code: 'interrupted', message } });
    else this.logToStderr(`\n${message}`);
    process.exit(EXIT_INTERRUPTED);
  }
}

async function writeReport(file: string, text: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(file, text).catch((error: Error) => {
    throw new UserError('cannot-write', `${file} cannot be written: ${error.message}`, 'choose another file with -o');
  });
}
