import { string as argument } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.ts';
import { bundleFrom } from '../cli/flow-bundle.ts';
import type { Explanation } from '../report/explain/explanation.ts';

export default class Explain extends BaseCommand {
  static override summary = 'Show what a flow becomes on OpenWhisk, and whether it fits its default limits.';
  static override description = 'Nothing is run or deployed. A cluster may have other limits: deploy looks at its own.';
  static override examples = ['<%= config.bin %> <%= command.id %> flow.yaml'];
  static override args = {
    flow: argument({ required: true, description: 'a flow file, or the folder of a compiled bundle', name: 'FLOW' }),
  };

  override async run(): Promise<Explanation> {
    const { args } = await this.parse(Explain);
    const bundle = await bundleFrom(args.flow, async () => 'python3');
    const [{ explain }, { renderExplanation }] = await Promise.all([
      import('../report/explain/explanation.ts'),
      import('../report/explain/render.ts'),
    ]);
    const explanation = explain(bundle);
    this.log(renderExplanation(explanation, this.palette));
    return explanation;
  }
}
