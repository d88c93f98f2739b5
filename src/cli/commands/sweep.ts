import { reportTo } from '../../base/terminal/progress.ts';
import type { SweepReport } from '../../platform/runs/sweep-runs.ts';
import { BaseCommand } from '../base-command.ts';
import { targetFlags, withClients } from '../flags/target-flags.ts';

export default class Sweep extends BaseCommand {
  static override summary =
    'Look for lost runs and have them driven on: those of the local platform, unless an OpenWhisk is named.';

  static override description =
    'A run is lost when the platform forgets the session that works on it, as when a controller restarts. The action that looks for them is deployed where it is missing.';

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

function linesOf({ live, swept, waiting, refused, removed, unreadable = [] }: SweepReport): string[] {
  const counted = live === 0 ? 'No run is live.' : live === 1 ? '1 run is live.' : `${live} runs are live.`;
  return [
    counted,
    ...swept.map((run) => `  ${run} had no lease any more: its flow looks after it now`),
    ...waiting.map(
      (run) => `  ${run} has no lease any more; the platform takes no more for now: sweep again in a minute`,
    ),
    ...Object.entries(refused).map(([run, why]) => `  ${run} has no lease any more, and cannot be driven on: ${why}`),
    ...removed.map((run) => `  ${run} is over: it is no more among those that are live`),
    ...unreadable.map((key) => `  skipped ${key}: it is not the record that it should be`),
  ];
}
