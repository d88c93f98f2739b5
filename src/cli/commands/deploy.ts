import { string as argument } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { reportTo } from '../../base/terminal/progress.ts';
import { cluster, type Deployment, deploy, findPython, startLocal } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { readSecrets, secretFlags } from '../flags/secret-flags.ts';
import { storeFlags } from '../flags/store-flags.ts';
import { whiskFlags } from '../flags/whisk-flags.ts';
import { bundleFrom } from '../flow-bundle.ts';
import { outcomeCounts } from '../views/deployed-view.ts';
import { onProgressOf } from '../views/on-progress.ts';
import { scheduleText } from '../views/schedule-text.ts';

export default class Deploy extends BaseCommand {
  static override summary = 'Deploy a flow to OpenWhisk, updating only what changed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> flow.yaml --local',
    '<%= config.bin %> <%= command.id %> flow.yaml --datastore s3://bucket/metaflow',
    '<%= config.bin %> <%= command.id %> flow.yaml --datastore s3://bucket/metaflow --secrets-file .env',
    '<%= config.bin %> <%= command.id %> build/HelloFlow --apihost https://host --auth uuid:key --datastore s3://bucket/x',
  ];
  static override args = {
    flow: argument({ required: true, description: 'flow file, or folder of a compiled bundle', name: 'FLOW' }),
  };
  static override flags = {
    local: boolean({ description: 'deploy to the local platform, starting it if necessary' }),
    ...whiskFlags,
    ...storeFlags,
    ...secretFlags,
    python: string({
      description: 'Python whose pip fetches packages [default: the newest suitable one]',
      helpValue: 'PATH',
    }),
  };

  override async run(): Promise<Deployment> {
    const { args, flags } = await this.parse(Deploy);
    const { home, python } = flags;
    // All user errors are reported before anything is started or fetched.
    const bundle = await bundleFrom(args.flow, async () => python ?? findPython());
    const secrets = await readSecrets(flags, bundle);
    const onProgress = onProgressOf(reportTo(process.stderr, { details: true }));
    const to = flags.local ? await startLocal({ home, onProgress }) : await cluster(flags);
    const tools = flags.local ? { home } : { home, python };
    const deployment = await deploy(bundle, { ...tools, to, secrets, onProgress });
    const { flow, apihost, entities, schedules = [] } = deployment;
    this.log(`${this.palette.green('✓')} ${flow} was deployed to ${apihost}: ${outcomeCounts(entities)}`);
    for (const schedule of schedules) this.log(`  schedule ${scheduleText(schedule)}`);
    return deployment;
  }
}
