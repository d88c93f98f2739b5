import { reportTo } from '../../base/terminal/progress.ts';
import { type RunState, runs } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { runArgument } from '../flags/run-argument.ts';
import { openTarget, targetFlags } from '../flags/target-flags.ts';
import { reportingSkipped } from '../views/skipped-objects.ts';

/** What `--json` prints. */
interface Answer {
  flow: string;
  run: string;
  /** For a run that had already ended: how it ended. */
  status: RunState;
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
    const { flow, run, status, isOver, wasOver } = await runs.cancel(target, args.run, reportingSkipped);
    const name = `${flow}/${run}`;
    if (wasOver) this.log(`${name} has already ended: ${status}`);
    else if (!isOver) this.log(`${name} is being cancelled; its onFailure steps are still running`);
    else this.log(`${this.palette.yellow('✓')} ${name} is cancelled`);
    return { flow, run, status };
  }
}
