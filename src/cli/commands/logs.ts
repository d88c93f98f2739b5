import { boolean, integer, string } from '@oclif/core/flags';
import { EXIT_INTERRUPTED, EXIT_SYSTEM_ERROR } from '../../base/errors.ts';
import { paletteFor } from '../../base/terminal/palette.ts';
import { type Datastore, type RunKey, runs, type TaskLogLine } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { lineFilter, taskFilter } from '../flags/log-filter.ts';
import { runArgument } from '../flags/run-argument.ts';
import { chosenDatastore, storeFlags } from '../flags/store-flags.ts';
import { runEnd } from '../views/run-end.ts';
import { renderLogLine } from '../views/run-views.ts';
import { reportingSkipped } from '../views/skipped-objects.ts';

export default class Logs extends BaseCommand {
  static override summary = 'Show the output of the steps of a run.';
  static override description =
    'Control characters are escaped. Of lines that were overwritten, such as progress bars, the last state is shown.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> HelloFlow/20260102030405-1a2b3c4d',
    '<%= config.bin %> <%= command.id %> 20260102030405 --follow',
    '<%= config.bin %> <%= command.id %> 20260102030405 --task shout/t-3 --attempt 2 --grep /error|warning/i',
  ];
  static override args = {
    run: runArgument,
  };
  static override flags = {
    follow: boolean({ char: 'f', description: 'follow the output until the run ends' }),
    step: string({ description: 'only this step', helpValue: 'STEP' }),
    task: string({ description: 'only this task', helpValue: 'STEP/TASK' }),
    attempt: integer({ description: 'only the Nth attempt, counting from 1', helpValue: 'N', min: 1 }),
    grep: string({ description: 'only lines that contain this text or match /REGEX/', helpValue: 'TEXT' }),
    raw: boolean({ description: 'keep control characters and colours' }),
    ...storeFlags,
  };

  override async run(): Promise<{ flow: string; run: string; lines: TaskLogLine[] }> {
    const { args, flags } = await this.parse(Logs);
    const filter = taskFilter(flags);
    const isWanted = lineFilter(flags.grep);
    const at = await chosenDatastore(flags);
    const key = await runs.find(at, args.run, reportingSkipped);
    const interrupted = new AbortController();
    if (flags.follow) process.once('SIGINT', () => interrupted.abort());
    const { follow } = flags;
    const logs = runs.logs(at, key, { ...reportingSkipped, ...filter, follow, signal: interrupted.signal });
    const lines: TaskLogLine[] = [];
    let isEmpty = true;
    for await (const line of logs) {
      if (!isWanted(line.text)) continue;
      isEmpty = false;
      if (this.jsonEnabled()) lines.push(line);
      else this.log(renderLogLine(line, this.palette, flags.raw));
    }
    if (isEmpty)
      this.logToStderr(
        `No ${flags.grep === undefined ? '' : 'matching '}output from ${flags.task ?? flags.step ?? 'the steps'} of ${key.flow}/${key.run} so far.`,
      );
    if (follow) await this.#tellEnd(at, key, interrupted.signal.aborted);
    return { ...key, lines };
  }

  async #tellEnd(at: Datastore, key: RunKey, isInterrupted: boolean): Promise<void> {
    if (isInterrupted) {
      process.exitCode = EXIT_INTERRUPTED;
      const name = `${key.flow}/${key.run}`;
      this.logToStderr(`\ninterrupted: the run continues; follow it with: nuvopipe status ${name}`);
      return;
    }
    const status = await runs.status(at, key);
    this.logToStderr(runEnd(key, status, [], paletteFor(process.stderr)));
    if (status.status !== 'succeeded') process.exitCode = EXIT_SYSTEM_ERROR;
  }
}
