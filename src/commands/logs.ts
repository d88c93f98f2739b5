import { string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { runArgument } from '../cli/run-argument.ts';
import { storeFlags } from '../cli/store-flags.ts';
import { withRuns } from '../cli/with-runs.ts';
import { findRun } from '../runs/find.ts';
import { runLogs, type TaskLogLine } from '../runs/logs.ts';
import { renderLogLine } from '../runs/render.ts';

export default class Logs extends BaseCommand {
  static override summary = 'Show what the steps of a run wrote.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> HelloFlow/20260102030405-1a2b3c4d',
    '<%= config.bin %> <%= command.id %> 20260102030405 --step shout',
  ];
  static override args = {
    run: runArgument,
  };
  static override flags = {
    step: string({ description: 'only of this step', helpValue: 'STEP' }),
    ...storeFlags,
  };

  override async run(): Promise<{ flow: string; run: string; lines: TaskLogLine[] }> {
    const { args, flags } = await this.parse(Logs);
    return withRuns(flags, async (reader) => {
      const key = await findRun(reader, args.run);
      const lines: TaskLogLine[] = [];
      let empty = true;
      for await (const line of runLogs(reader, key, flags.step)) {
        empty = false;
        if (this.jsonEnabled()) lines.push(line);
        else this.log(renderLogLine(line, this.palette));
      }
      if (empty)
        this.logToStderr(`Nothing was written by ${flags.step ?? 'the steps'} of ${key.flow}/${key.run} so far.`);
      return { ...key, lines };
    });
  }
}
