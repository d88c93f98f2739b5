import { string as argument } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import type { Explanation } from '../../compiler/explain/explanation.ts';
import type { AssumedLimits } from '../../compiler/explain/limits.ts';
import type { WhiskOptions } from '../../platform/openwhisk/whisk-settings.ts';
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
    const bundle = await bundleFrom(args.flow, async () => 'python3');
    const [{ explain }, { renderExplanation }] = await Promise.all([
      import('../../compiler/explain/explanation.ts'),
      import('../views/explain-view.ts'),
    ]);
    const cluster = flags.cluster || flags.apihost !== undefined ? await published(flags, bundle.plan.flow) : undefined;
    const explanation = {
      ...explain(bundle, cluster?.limits),
      ...(cluster && { cluster: cluster.apihost }),
    };
    this.log(renderExplanation(explanation, this.palette));
    return explanation;
  }
}

/** @throws UserError if the cluster does not exist or rejects the key */
async function published(options: WhiskOptions, flow: string): Promise<{ apihost: string; limits: AssumedLimits }> {
  const [{ whiskSettings }, { openWhisk }, { limitsOf }] = await Promise.all([
    import('../../platform/openwhisk/whisk-settings.ts'),
    import('../../platform/openwhisk/client.ts'),
    import('../../compiler/explain/limits.ts'),
  ]);
  const whisk = openWhisk(await whiskSettings(options));
  try {
    const info = await whisk.clusterInfo();
    // The limits might be hidden, and only a request for an entity shows whether the key is valid.
    await whisk.getAction(flow);
    return { apihost: whisk.settings.apihost, limits: limitsOf(info) };
  } finally {
    whisk.close();
  }
}
