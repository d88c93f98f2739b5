import { boolean, integer } from '@oclif/core/flags';
import { EXIT_SYSTEM_ERROR, UserError } from '../../base/errors.ts';
import { reportTo } from '../../base/terminal/progress.ts';
import { findRun } from '../../platform/runs/find-run.ts';
import { followRun } from '../../platform/runs/follow.ts';
import { listRuns, type RunSummary } from '../../platform/runs/list-runs.ts';
import type { RunKey, RunReader } from '../../platform/runs/reader.ts';
import { type RunStatus, runStatus } from '../../platform/runs/run-status.ts';
import { BaseCommand } from '../base-command.ts';
import { optionalRunArgument } from '../flags/run-argument.ts';
import { storeFlags } from '../flags/store-flags.ts';
import { viewOnStderr } from '../views/follow-view.ts';
import { renderRuns, renderStatus } from '../views/run-views.ts';
import { withRuns } from '../with-runs.ts';

export default class Status extends BaseCommand {
  static override summary = 'Show the state of a run, or list the latest runs.';
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
    limit: integer({ description: 'number of runs to list', default: 20, min: 1 }),
    ...storeFlags,
  };

  override async run(): Promise<RunStatus | { runs: RunSummary[] }> {
    const { args, flags } = await this.parse(Status);
    if (flags.follow && args.run === undefined) throw new UserError('no-run', '--follow needs the name of a run');
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
