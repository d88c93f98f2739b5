import { string as argument } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { chosenStore, storeFlags } from '../cli/store-flags.ts';
import { findRun } from '../runs/find.ts';
import { runLogs, type TaskLogLine } from '../runs/logs.ts';
import { RunReader } from '../runs/reader.ts';
import { renderLogLine } from '../runs/render.ts';

export default class Logs extends BaseCommand {
  static override summary = 'Show what the steps of a run wrote.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> HelloFlow/20260102030405-1a2b3c4d',
    '<%= config.bin %> <%= command.id %> 20260102030405 --step shout',
  ];
  static override args = {
    run: argument({
      required: true,
      description: 'Flow/run, or the run alone; a unique beginning will do',
      name: 'RUN',
    }),
  };
  static override flags = {
    step: string({ description: 'only of this step', helpValue: 'STEP' }),
    ...storeFlags,
  };

  override async run(): Promise<{ flow: string; run: string; lines: TaskLogLine[] }> {
    const { args, flags } = await this.parse(Logs);
    const { openStore } = await import('../store/store.ts');
    const store = await openStore(await chosenStore(flags));
    try {
      const reader = new RunReader(store);
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
    } finally {
      store.close();
    }
  }
}
