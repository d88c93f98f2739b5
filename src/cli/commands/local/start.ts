import { integer } from '@oclif/core/flags';
import { reportTo } from '../../../base/terminal/progress.ts';
import { type PlatformSummary, startLocal } from '../../../index.ts';
import { BaseCommand } from '../../base-command.ts';
import { onProgressOf } from '../../views/on-progress.ts';

const PORT_MAX = 65_535;

export default class LocalStart extends BaseCommand {
  static override summary = 'Start the local platform: an OpenWhisk, an S3 and a Metaflow service on this machine.';

  static override description =
    'It runs in the background until you stop it or it is unused for an hour. The first start creates its Python environments.';

  static override examples = ['<%= config.bin %> local start', '<%= config.bin %> local start --port 3233'];

  static override flags = {
    port: integer({
      description: 'port of the OpenWhisk API [default: the last one used, or any free port]',
      min: 1,
      max: PORT_MAX,
    }),
  };

  async run(): Promise<PlatformSummary & { started: boolean }> {
    const { flags } = await this.parse(LocalStart);
    const onProgress = onProgressOf(reportTo(process.stderr));
    const { summary, started } = await startLocal({ home: flags.home, port: flags.port, onProgress });
    this.log(`The local platform is ${started ? 'running' : 'already running'}:`);
    this.log(`  OpenWhisk  ${summary.apihost}`);
    this.log(`  S3         ${summary.s3}`);
    this.log(`  Metaflow   ${summary.metadata}`);
    this.log('To use it with other clients: eval "$(nuvopipe local env)"');
    return { started, ...summary };
  }
}
