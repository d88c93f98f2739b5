import { string as argument } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { type Explanation, explain } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { whiskFlags } from '../flags/whisk-flags.ts';
import { bundleFrom } from '../flow-bundle.ts';

export default class Explain extends BaseCommand {
  static override summary = 'Show what a flow compiles to and whether it fits OpenWhisk’s limits.';
  static override description =
    'Nothing is run or deployed. Uses OpenWhisk’s default limits, or with --cluster or --apihost those that the cluster reports.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> flow.yaml',
    '<%= config.bin %> <%= command.id %> flow.yaml --cluster',
    '<%= config.bin %> <%= command.id %> flow.yaml --apihost https://host --auth uuid:key',
  ];
  static override args = {
    flow: argument({ required: true, description: 'flow file, or folder of a compiled bundle', name: 'FLOW' }),
  };
  static override flags = {
    cluster: boolean({ description: 'use the limits of the cluster in the flags, the environment or .wskprops' }),
    ...whiskFlags,
  };

  override async run(): Promise<Explanation> {
    const { args, flags } = await this.parse(Explain);
    const bundle = await bundleFrom(args.flow);
    const { renderExplanation } = await import('../views/explain-view.ts');
    const asksCluster = flags.cluster || flags.apihost !== undefined;
    const explanation = await explain(bundle, asksCluster ? { cluster: flags } : {});
    this.log(renderExplanation(explanation, this.palette));
    return explanation;
  }
}
