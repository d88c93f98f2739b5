import { string as argument } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { reportTo } from '../../base/terminal/progress.ts';
import { type DeployedEntity, undeploy } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { openTarget, targetFlags } from '../flags/target-flags.ts';
import { onProgressOf } from '../views/on-progress.ts';

/** What `--json` prints, for each flow. */
interface Undeployed {
  flow: string;
  entities: DeployedEntity[];
}

export default class Undeploy extends BaseCommand {
  static override summary = 'Delete flows from an OpenWhisk, with their schedules; runs and artifacts stay.';

  static override examples = [
    '<%= config.bin %> <%= command.id %> HelloFlow',
    '<%= config.bin %> <%= command.id %> NightlyFlow --datastore s3://bucket/metaflow',
  ];

  static override args = {
    flows: argument({ required: true, multiple: true, description: 'names of flows', name: 'FLOW' }),
  };

  static override flags = {
    force: boolean({ description: 'even if runs are live; they stop before their next step', default: false }),
    ...targetFlags,
  };

  override async run(): Promise<Undeployed[]> {
    const { args, flags } = await this.parse(Undeploy);
    const report = reportTo(process.stderr, { details: true });
    const from = await openTarget(flags, report);
    const answer: Undeployed[] = [];
    for (const flow of args.flows) {
      const entities = await undeploy(flow, { from, force: flags.force, onProgress: onProgressOf(report) });
      this.log(`${this.palette.green('✓')} ${flow} was undeployed: ${entities.length} entities deleted`);
      answer.push({ flow, entities });
    }
    return answer;
  }
}
