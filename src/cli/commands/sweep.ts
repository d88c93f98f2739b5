import { reportTo } from '../../base/terminal/progress.ts';
import { runs, type SweepReport } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { openTarget, targetFlags } from '../flags/target-flags.ts';
import { onProgressOf } from '../views/on-progress.ts';

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
    const report = reportTo(process.stderr);
    const target = await openTarget(flags, report);
    const found = await runs.sweep(target, { home: flags.home, onProgress: onProgressOf(report) });
    for (const line of linesOf(found)) this.log(line);
    return found;
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
