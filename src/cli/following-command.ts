import { EXIT_INTERRUPTED, EXIT_SYSTEM_ERROR } from '../base/errors.ts';
import { toJson } from '../base/json.ts';
import { paletteFor } from '../base/terminal/palette.ts';
import { type Progress, reportTo } from '../base/terminal/progress.ts';
import type { RunFailure, RunResult } from '../contract/envelope.ts';
import { versionOf } from '../contract/names.ts';
import type { RunRecord } from '../contract/records.ts';
import type { RunKey } from '../platform/runs/reader.ts';
import type { RunStatus } from '../platform/runs/run-status.ts';
import { BaseCommand } from './base-command.ts';
import { type Clients, type DeployTarget, isLocal, openTarget, type TargetFlags } from './flags/target-flags.ts';
import { viewOnStderr } from './views/follow-view.ts';
import { runEnd } from './views/run-end.ts';
import { age, exactTexts } from './views/run-views.ts';

/** What `--json` prints. */
export interface RunAnswer {
  run: string;
  status: RunResult['status'];
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

  /** Starts the run, with {@link follow}. @returns the result, and hints about a failure */
  protected abstract start(): Promise<{ key: RunKey; answer: RunAnswer; hints: string[] }>;

  override async run(): Promise<RunAnswer> {
    process.once('SIGINT', () => {
      this.#interrupting = this.#onInterrupt();
    });
    try {
      const { key, answer, hints } = await this.start();
      await this.#interrupting;
      this.#tell(key, answer, hints);
      if (answer.status !== 'succeeded') process.exitCode = EXIT_SYSTEM_ERROR;
      return answer;
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

  /** From the flags. An interrupted command stops the local platform if it started it. */
  protected async target(flags: TargetFlags): Promise<DeployTarget> {
    const opening = openTarget(flags, this.report);
    if (isLocal(flags)) {
      this.#interrupt = async () => {
        const ours = await opening.catch(() => undefined);
        if (ours?.started !== true) return 'interrupted before the run started';
        const { stopPlatform } = await import('../twin/host/platform.ts');
        await stopPlatform(flags.home, this.report);
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
   * Invokes the flow and shows the run while it goes on.
   *
   * @param bundle hash of the flow's version, where it is known
   * @param begins what is said once there is a run
   */
  protected async follow(
    { whisk, store }: Clients,
    { started }: DeployTarget,
    { isNew, bundle, begins, ...key }: RunKey & { isNew: boolean; bundle?: string; begins?: string },
    parameters: Record<string, unknown>,
  ): Promise<RunAnswer> {
    const [{ RunReader }, { invokeAndFollow }] = await Promise.all([
      import('../platform/runs/reader.ts'),
      import('../platform/runs/invoke.ts'),
    ]);
    if (!started) {
      this.#interrupt = async () =>
        `interrupted: the run continues; follow it with: nuvopipe status ${key.flow}/${key.run}`;
    }
    const view = viewOnStderr(this.report);
    const reader = new RunReader(store);
    const earlier = isNew ? undefined : await reader.run(key);
    if (earlier) this.#tellOfEarlier(earlier, bundle);
    let hasBegun = begins === undefined;
    const show = (state: RunStatus) => {
      if (!hasBegun) this.report.line(begins as string);
      hasBegun = true;
      view.show(state);
    };
    const exists = { exists: earlier !== undefined };
    const { status, outputs = {}, exact, error } = await invokeAndFollow(whisk, reader, key, parameters, show, exists);
    this.report.progress('');
    return { run: key.run, status, outputs, ...(exact && { exact }), ...(error && { error }) };
  }

  #tellOfEarlier({ created, bundle, given = {} }: RunRecord, version: string | undefined): void {
    const parameters = Object.entries(given).map(([name, { shown = '***' }]) => `${name} = ${shown}`);
    const other = version === undefined || version === bundle ? [] : [`version ${versionOf(bundle)} of the flow`];
    const what = [...parameters, ...other].join(', ');
    const started = `it was started ${age(Date.now() - created)} ago${what && ` with ${what}`}`;
    this.report.line(`This run already exists: ${started}. It does not run again`);
  }

  #tell(key: RunKey, answer: RunAnswer, hints: readonly string[]): void {
    for (const [output, value] of Object.entries(answer.outputs)) {
      this.log(`${this.palette.bold(output)} = ${toJson(value, 2)}${exactTexts(output, answer.exact)}`);
    }
    this.logToStderr(runEnd(key, answer, hints, paletteFor(process.stderr)));
  }
}

/** Hints for a run that did not succeed. `deploy`: the command that deploys the corrected flow. */
export function hintsFor(key: RunKey, { error, status }: RunAnswer, deploy: string): string[] {
  const name = `${key.flow}/${key.run}`;
  const resume = `nuvopipe resume ${name}`;
  if (status === 'cancelled') return [`resume the run: ${resume}`];
  // Without a failed step, the run did not start.
  if (error?.step === undefined) return [`read its output: nuvopipe logs ${name}`];
  return [
    `read the output of the step: nuvopipe logs ${name} --step ${error.step}`,
    `fix the flow, deploy it with: ${deploy}; then resume the run: ${resume}`,
  ];
}
