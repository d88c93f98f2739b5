import { reportTo } from '../../base/terminal/progress.ts';
import type { SweepReport } from '../../platform/runs/sweep-runs.ts';
import { BaseCommand } from '../base-command.ts';
import { targetFlags, withClients } from '../flags/target-flags.ts';

export default class Sweep extends BaseCommand {
  static override summary = 'Find stalled runs and restart them, on the local platform unless you name a cluster.';

  static override description =
    'A run stalls if the platform loses its session, for example when a controller restarts. The sweeper action is deployed if it is missing.';

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --apihost https://host --auth uuid:key --datastore s3://bucket/metaflow',
  ];

  static override flags = targetFlags;

  override async run(): Promise<SweepReport> {
    const { flags } = await this.parse(Sweep);
    const { openTarget } = await import('../flags/target-flags.ts');
    const report = reportTo(process.stderr);
    const target = await openTarget(flags, report);
    const { sweep } = await import('../../platform/runs/sweep-runs.ts');
    const { deploySweeper, sweeperName } = await import('../../platform/deploy/sweeper.ts');
    return withClients(target, async ({ whisk, store: { settings: store } }) => {
      const quiet = { ...report, line: (text: string) => text.startsWith('unchanged') || report.line(text) };
      const { vendored } = target;
      const python = await target.python();
      await deploySweeper({ whisk, store, python, home: flags.home, vendored, alarm: false, report: quiet });
      report.progress('');
      const found = await sweep(whisk, sweeperName(store));
      for (const line of linesOf(found)) this.log(line);
      return found;
    });
  }
}

function linesOf({
  live,
  swept,
  waiting,
  refused,
  removed,
  unreadable = [],
  otherVersion = [],
}: SweepReport): string[] {
  const counted = live === 0 ? 'No run is live.' : live === 1 ? '1 run is live.' : `${live} runs are live.`;
  return [
    counted,
    ...swept.map((run) => `  ${run} had stalled and was restarted`),
    ...waiting.map((run) => `  ${run} has stalled, but OpenWhisk is throttling: sweep again in a minute`),
    ...Object.entries(refused).map(([run, why]) => `  ${run} has stalled and cannot be restarted: ${why}`),
    ...removed.map((run) => `  ${run} has ended and was removed from the live runs`),
    ...unreadable.map((key) => `  skipped ${key}: it is not a valid record`),
    ...otherVersion.map((key) => `  skipped ${key}: another version of nuvopipe wrote it`),
  ];
}
