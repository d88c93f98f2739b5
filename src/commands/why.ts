import { string as argument } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { chosenStore, storeFlags } from '../cli/store-flags.ts';
import { findRun } from '../runs/find.ts';
import { RunReader } from '../runs/reader.ts';
import { renderWhy } from '../runs/render-why.ts';
import { type StepWhy, whyStep } from '../runs/why.ts';

export default class Why extends BaseCommand {
  static override summary = 'Say why a step of a run was executed, or why it was not.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> HelloFlow/20260102030405-1a2b3c4d train',
    '<%= config.bin %> <%= command.id %> 20260102030405 shout --task t-7',
  ];
  static override args = {
    run: argument({
      required: true,
      description: 'Flow/run, or the run alone; a unique beginning will do',
      name: 'RUN',
    }),
    step: argument({ required: true, description: 'a step of the flow', name: 'STEP' }),
  };
  static override flags = {
    task: string({ description: 'one of its tasks, as status and logs name it', helpValue: 'TASK' }),
    ...storeFlags,
  };

  override async run(): Promise<StepWhy> {
    const { args, flags } = await this.parse(Why);
    const { openStore } = await import('../store/store.ts');
    const store = await openStore(await chosenStore(flags));
    try {
      const reader = new RunReader(store);
      const why = await whyStep(reader, await findRun(reader, args.run), args.step, flags.task);
      this.log(renderWhy(why, this.palette));
      return why;
    } finally {
      store.close();
    }
  }
}
