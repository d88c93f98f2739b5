import { string as argument } from '@oclif/core/args';
import { boolean, integer } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { RunView } from '../cli/run-view.ts';
import { chosenStore, storeFlags } from '../cli/store-flags.ts';
import { UserError } from '../errors.ts';
import { findRun } from '../runs/find.ts';
import { followRun } from '../runs/follow.ts';
import { listRuns, type RunSummary } from '../runs/list.ts';
import { type RunKey, RunReader } from '../runs/reader.ts';
import { renderRuns, renderStatus } from '../runs/render.ts';
import { type RunStatus, runStatus } from '../runs/status.ts';
import { paletteFor } from '../terminal/palette.ts';
import { reportTo } from '../terminal/report.ts';

export default class Status extends BaseCommand {
  static override summary = 'Show how a run stands, or which runs there were.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> HelloFlow/20260102030405-1a2b3c4d --follow',
    '<%= config.bin %> <%= command.id %> 20260102 --datastore s3://bucket/metaflow',
  ];
  static override args = {
    run: argument({ description: 'Flow/run, or the run alone; a unique beginning will do', name: 'RUN' }),
  };
  static override flags = {
    follow: boolean({ char: 'f', description: 'follow the run to its end' }),
    limit: integer({ description: 'how many runs to list', default: 20, min: 1 }),
    ...storeFlags,
  };

  override async run(): Promise<RunStatus | { runs: RunSummary[] }> {
    const { args, flags } = await this.parse(Status);
    if (flags.follow && args.run === undefined) throw new UserError('no-run', 'which run is to be followed?');
    const { openStore } = await import('../store/store.ts');
    const store = await openStore(await chosenStore(flags));
    try {
      const reader = new RunReader(store);
      if (args.run === undefined) {
        const runs = await listRuns(reader, { limit: flags.limit });
        this.log(
          runs.length === 0 ? `There are no runs in ${store.root} yet.` : renderRuns(runs, this.palette, Date.now()),
        );
        return { runs };
      }
      const key = await findRun(reader, args.run);
      if (flags.follow) await this.#follow(reader, key);
      const status = await runStatus(reader, key);
      if (status === undefined) throw new UserError('unknown-run', `there is no run "${args.run}" in ${store.root}`);
      this.log(renderStatus(status, this.palette, Date.now()));
      return status;
    } finally {
      store.close();
    }
  }

  async #follow(reader: RunReader, key: RunKey): Promise<void> {
    const report = reportTo(process.stderr);
    const view = new RunView(report, paletteFor(process.stderr), process.stderr.isTTY === true);
    for await (const status of followRun(reader, key)) view.show(status);
    report.progress('');
  }
}
