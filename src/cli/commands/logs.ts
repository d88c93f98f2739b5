import { boolean, integer, string } from '@oclif/core/flags';
import { EXIT_INTERRUPTED, EXIT_SYSTEM_ERROR } from '../../base/errors.ts';
import { paletteFor } from '../../base/terminal/palette.ts';
import { findRun } from '../../platform/runs/find-run.ts';
import type { RunKey, RunReader } from '../../platform/runs/reader.ts';
import { followLogs, runLogs, type TaskLogLine } from '../../platform/runs/run-logs.ts';
import { runStatus } from '../../platform/runs/run-status.ts';
import { BaseCommand } from '../base-command.ts';
import { lineFilter, taskFilter } from '../flags/log-filter.ts';
import { runArgument } from '../flags/run-argument.ts';
import { storeFlags } from '../flags/store-flags.ts';
import { runEnd } from '../views/run-end.ts';
import { renderLogLine } from '../views/run-views.ts';
import { withRuns } from '../with-runs.ts';

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
    return withRuns(flags, async (reader) => {
      const key = await findRun(reader, args.run);
      const interrupted = new AbortController();
      if (flags.follow) process.once('SIGINT', () => interrupted.abort());
      const logs = flags.follow ? followLogs(reader, key, filter, interrupted.signal) : runLogs(reader, key, filter);
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
      if (flags.follow) await this.#tellEnd(reader, key, interrupted.signal.aborted);
      return { ...key, lines };
    });
  }

  async #tellEnd(reader: RunReader, key: RunKey, isInterrupted: boolean): Promise<void> {
    const name = `${key.flow}/${key.run}`;
    if (isInterrupted) {
      process.exitCode = EXIT_INTERRUPTED;
      this.logToStderr(`\ninterrupted: the run continues; follow it with: nuvopipe status ${name}`);
      return;
    }
    const status = await runStatus(reader, key);
    if (status === undefined) return;
    this.logToStderr(runEnd(key, status, [], paletteFor(process.stderr)));
    if (status.status !== 'succeeded') process.exitCode = EXIT_SYSTEM_ERROR;
  }
}
