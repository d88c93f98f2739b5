import { boolean, integer } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { optionalRunArgument } from '../cli/run-argument.ts';
import { viewOnStderr } from '../cli/run-view.ts';
import { storeFlags } from '../cli/store-flags.ts';
import { withRuns } from '../cli/with-runs.ts';
import { EXIT_SYSTEM_ERROR, UserError } from '../errors.ts';
import { findRun } from '../runs/find.ts';
import { followRun } from '../runs/follow.ts';
import { listRuns, type RunSummary } from '../runs/list.ts';
import type { RunKey, RunReader } from '../runs/reader.ts';
import { renderRuns, renderStatus } from '../runs/render.ts';
import { type RunStatus, runStatus } from '../runs/status.ts';
import { reportTo } from '../terminal/report.ts';

export default class Status extends BaseCommand {
  static override summary = 'Show how a run stands, or which runs there were.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> HelloFlow/20260102030405-1a2b3c4d --follow',
    '<%= config.bin %> <%= command.id %> 20260102 --datastore s3://bucket/metaflow',
  ];
  static override args = {
    run: optionalRunArgument,
  };
  static override flags = {
    follow: boolean({ char: 'f', description: 'follow the run to its end; exit 0 only if it succeeds' }),
    limit: integer({ description: 'how many runs to list', default: 20, min: 1 }),
    ...storeFlags,
  };

  override async run(): Promise<RunStatus | { runs: RunSummary[] }> {
    const { args, flags } = await this.parse(Status);
    if (flags.follow && args.run === undefined) throw new UserError('no-run', 'which run is to be followed?');
    return withRuns(flags, async (reader) => {
      if (args.run === undefined) {
        const runs = await listRuns(reader, { limit: flags.limit });
        this.log(
          runs.length === 0
            ? `There are no runs in ${reader.store.root} yet.`
            : renderRuns(runs, this.palette, Date.now()),
        );
        return { runs };
      }
      const key = await findRun(reader, args.run);
      if (flags.follow) await this.#follow(reader, key);
      const status = await runStatus(reader, key);
      if (status === undefined)
        throw new UserError('unknown-run', `there is no run "${args.run}" in ${reader.store.root}`);
      this.log(renderStatus(status, this.palette, Date.now()));
      if (flags.follow && status.status !== 'succeeded') process.exitCode = EXIT_SYSTEM_ERROR;
      return status;
    });
  }

  async #follow(reader: RunReader, key: RunKey): Promise<void> {
    const report = reportTo(process.stderr);
    const view = viewOnStderr(report);
    for await (const status of followRun(reader, key)) view.show(status);
    report.progress('');
  }
}
