import { boolean, integer } from '@oclif/core/flags';
import { EXIT_SYSTEM_ERROR, UserError } from '../../base/errors.ts';
import { reportTo } from '../../base/terminal/progress.ts';
import { type Datastore, type RunKey, type RunStatus, type RunSummary, runs } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { optionalRunArgument } from '../flags/run-argument.ts';
import { chosenDatastore, storeFlags } from '../flags/store-flags.ts';
import { viewOnStderr } from '../views/follow-view.ts';
import { renderRuns, renderStatus } from '../views/run-views.ts';
import { reportingSkipped } from '../views/skipped-objects.ts';

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
    const at = await chosenDatastore(flags);
    if (args.run === undefined) return { runs: await this.#list(at, flags.limit) };
    const key = await runs.find(at, args.run, reportingSkipped);
    if (flags.follow) await this.#follow(at, key);
    const status = await runs.status(at, key, { ...reportingSkipped, exactFloats: true });
    this.log(renderStatus(status, this.palette, Date.now()));
    if (flags.follow && status.status !== 'succeeded') process.exitCode = EXIT_SYSTEM_ERROR;
    return status;
  }

  async #list(at: Datastore, limit: number): Promise<RunSummary[]> {
    const listed = await runs.list(at, { ...reportingSkipped, limit });
    const none = `There are no runs in s3://${[at.store.bucket, at.store.prefix].filter(Boolean).join('/')} yet.`;
    this.log(listed.length === 0 ? none : renderRuns(listed, this.palette, Date.now()));
    return listed;
  }

  async #follow(at: Datastore, key: RunKey): Promise<void> {
    const report = reportTo(process.stderr);
    const view = viewOnStderr(report);
    for await (const status of runs.watch(at, key)) view.show(status);
    report.progress('');
  }
}
