import { string as argument } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { runs, type StepWhy } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { runArgument } from '../flags/run-argument.ts';
import { chosenDatastore, storeFlags } from '../flags/store-flags.ts';
import { reportingSkipped } from '../views/skipped-objects.ts';
import { renderWhy } from '../views/why-view.ts';

export default class Why extends BaseCommand {
  static override summary = 'Explain why a step of a run was or was not executed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> HelloFlow/20260102030405-1a2b3c4d train',
    '<%= config.bin %> <%= command.id %> 20260102030405 shout --task t-7',
  ];
  static override args = {
    run: runArgument,
    step: argument({ required: true, description: 'a step of the flow', name: 'STEP' }),
  };
  static override flags = {
    task: string({ description: 'one task of the step, as shown by status and logs', helpValue: 'TASK' }),
    ...storeFlags,
  };

  override async run(): Promise<StepWhy> {
    const { args, flags } = await this.parse(Why);
    const options = { ...reportingSkipped, task: flags.task };
    const why = await runs.why(await chosenDatastore(flags), args.run, args.step, options);
    this.log(renderWhy(why, this.palette));
    return why;
  }
}
