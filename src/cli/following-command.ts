import { EXIT_INTERRUPTED, EXIT_SYSTEM_ERROR } from '../base/errors.ts';
import { toJson } from '../base/json.ts';
import { paletteFor } from '../base/terminal/palette.ts';
import { type Progress, reportTo } from '../base/terminal/progress.ts';
import {
  type ExistingRun,
  local,
  type ResumeOptions,
  type RunFailure,
  type RunOutcome,
  type RunState,
  type StartOptions,
} from '../index.ts';
import { BaseCommand } from './base-command.ts';
import { isLocal, type OpenedTarget, openTarget, type TargetFlags } from './flags/target-flags.ts';
import { viewOnStderr } from './views/follow-view.ts';
import { onProgressOf } from './views/on-progress.ts';
import { runEnd } from './views/run-end.ts';
import { age, exactTexts } from './views/run-views.ts';

/** What `--json` prints. */
export interface RunAnswer {
  run: string;
  status: RunState;
  outputs: Record<string, unknown>;
  /** Outputs that JSON cannot represent, by JSON pointer. */
  exact?: Record<string, string>;
  error?: RunFailure;
}

/**
 * A command that starts a run and follows it to its end. Interrupting it does not stop the run; its exit code is 0 if
 * the run succeeds.
 */
export abstract class FollowingCommand extends BaseCommand {
  protected readonly report: Progress = reportTo(process.stderr);

  /** Stops what this command started, and reports what continues. */
  #interrupt: () => Promise<string> = async () => 'interrupted before the run started';

  /** Once set, the process ends with it, whatever happens to the run. */
  #interrupting: Promise<never> | undefined;

  /** Starts the run, with {@link follow}. @returns how it ended, and what to do about a failure */
  protected abstract start(): Promise<{ outcome: RunOutcome; hints: string[] }>;

  override async run(): Promise<RunAnswer> {
    process.once('SIGINT', () => {
      this.#interrupting = this.#onInterrupt();
    });
    try {
      const { outcome, hints } = await this.start();
      await this.#interrupting;
      this.#tell(outcome, hints);
      const { run, status, outputs = {}, exact, error } = outcome;
      if (status !== 'succeeded') process.exitCode = EXIT_SYSTEM_ERROR;
      return { run, status, outputs, ...(exact && { exact }), ...(error && { error }) };
    } finally {
      await this.#interrupting;
    }
  }

  async #onInterrupt(): Promise<never> {
    const message = await this.#interrupt();
    if (this.jsonEnabled()) this.logJson({ error: { code: 'interrupted', message } });
    else this.logToStderr(`\n${message}`);
    process.exit(EXIT_INTERRUPTED);
  }

  /** The target of the flags. An interrupted command stops the local platform again if it has started it. */
  protected async target(flags: TargetFlags): Promise<OpenedTarget> {
    const opening = openTarget(flags, this.report);
    if (isLocal(flags)) {
      this.#interrupt = async () => {
        const ours = await opening.catch(() => undefined);
        if (ours?.started !== true) return 'interrupted before the run started';
        await local.stop({ home: flags.home, onProgress: onProgressOf(this.report) });
        return 'interrupted: the local platform, which this command had started, was stopped together with the run';
      };
    }
    const target = await opening;
    if (target.started)
      this.report.line(
        'The local platform is running and stays available for further runs (stop it with: nuvopipe local stop)',
      );
    return target;
  }

  /**
   * Shows a run in progress.
   *
   * @param version of the flow, if known
   */
  protected async follow(
    { started }: OpenedTarget,
    begin: (
      options: Pick<StartOptions & ResumeOptions, 'exactFloats' | 'onStart' | 'onStatus' | 'onExisting'>,
    ) => Promise<RunOutcome>,
    version?: string,
  ): Promise<RunOutcome> {
    const view = viewOnStderr(this.report);
    const outcome = await begin({
      exactFloats: true,
      onStart: ({ flow, run }) => {
        if (started) return;
        this.#interrupt = async () => `interrupted: the run continues; follow it with: nuvopipe status ${flow}/${run}`;
      },
      onExisting: (run) => this.#tellOfExisting(run, version),
      onStatus: (status) => view.show(status),
    });
    this.report.progress('');
    return outcome;
  }

  #tellOfExisting({ created, parameters, version }: ExistingRun, current: string | undefined): void {
    const given = Object.entries(parameters).map(([name, shown]) => `${name} = ${shown}`);
    const other = current === undefined || current === version ? [] : [`version ${version} of the flow`];
    const what = [...given, ...other].join(', ');
    const started = `it was started ${age(Date.now() - created)} ago${what && ` with ${what}`}`;
    this.report.line(`This run already exists: ${started}. It does not run again`);
  }

  #tell(outcome: RunOutcome, hints: readonly string[]): void {
    for (const [output, value] of Object.entries(outcome.outputs ?? {})) {
      this.log(`${this.palette.bold(output)} = ${toJson(value, 2)}${exactTexts(output, outcome.exact)}`);
    }
    this.logToStderr(runEnd(outcome, outcome, hints, paletteFor(process.stderr)));
  }
}

/** Hints for a run that did not succeed. `deploy`: the command that deploys the corrected flow. */
export function hintsFor({ flow, run, error, status }: RunOutcome, deploy: string): string[] {
  const name = `${flow}/${run}`;
  const resume = `nuvopipe resume ${name}`;
  if (status === 'cancelled') return [`resume the run: ${resume}`];
  // Without a failed step, the run did not start.
  if (error?.step === undefined) return [`read its output: nuvopipe logs ${name}`];
  return [
    `read the output of the step: nuvopipe logs ${name} --step ${error.step}`,
    `fix the flow, deploy it with: ${deploy}; then resume the run: ${resume}`,
  ];
}
