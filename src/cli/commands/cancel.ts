import { reportTo } from '../../base/terminal/progress.ts';
import type { RunResult } from '../../contract/envelope.ts';
import { findRun } from '../../platform/runs/find-run.ts';
import { RunReader } from '../../platform/runs/reader.ts';
import { BaseCommand } from '../base-command.ts';
import { runArgument } from '../flags/run-argument.ts';
import { openTarget, targetFlags, withClients } from '../flags/target-flags.ts';
import { warnOfUnreadable } from '../with-runs.ts';

/** What `--json` prints. */
interface Answer {
  flow: string;
  run: string;
  /** For a run that had already ended: how it ended. */
  status: RunResult['status'];
}

export default class Cancel extends BaseCommand {
  static override summary = 'Cancel a run: no further step starts, and running steps end within seconds.';

  static override description = 'The onFailure steps run afterwards. A cancelled run can be resumed.';

  static override examples = [
    '<%= config.bin %> <%= command.id %> HelloFlow/20260102030405-1a2b3c4d',
    '<%= config.bin %> <%= command.id %> 20260102030405',
  ];

  static override args = {
    run: runArgument,
  };

  static override flags = targetFlags;

  override async run(): Promise<Answer> {
    const { args, flags } = await this.parse(Cancel);
    const target = await openTarget(flags, reportTo(process.stderr));
    const { cancelRun } = await import('../../platform/runs/cancel-run.ts');
    return withClients(target, async ({ whisk, store }) => {
      const reader = new RunReader(store);
      const key = await findRun(reader, args.run);
      warnOfUnreadable(reader);
      const { status, isOver, wasOver } = await cancelRun(whisk, store, key);
      const name = `${key.flow}/${key.run}`;
      if (wasOver) this.log(`${name} has already ended: ${status}`);
      else if (!isOver) this.log(`${name} is being cancelled; its onFailure steps are still running`);
      else this.log(`${this.palette.yellow('✓')} ${name} is cancelled`);
      return { ...key, status };
    });
  }
}
