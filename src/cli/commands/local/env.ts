import { UserError } from '../../../base/errors.ts';
import { metaflowUser } from '../../../platform/deploy/user.ts';
import { clientEnvironment, shellLines } from '../../../twin/host/client-env.ts';
import { homePaths, readPlatform } from '../../../twin/host/platform-state.ts';
import { BaseCommand } from '../../base-command.ts';

export default class LocalEnv extends BaseCommand {
  static override summary = 'Print the settings that other clients need for the local platform, as shell commands.';

  static override description =
    'The output contains keys. It configures wsk, the openwhisk npm client, Metaflow, boto3 and all AWS SDKs.';

  static override examples = ['eval "$(<%= config.bin %> local env)"'];

  async run(): Promise<Record<string, string>> {
    const { flags } = await this.parse(LocalEnv);
    const platform = await readPlatform(flags.home);
    if (!platform) {
      throw new UserError('no-platform', 'the local platform is not running', 'start it with: nuvopipe local start');
    }
    const environment = {
      ...clientEnvironment(platform, homePaths(flags.home).wskprops),
      // Tags runs and is required by Metaflow's client; defaults to the namespace.
      METAFLOW_USER: metaflowUser() ?? platform.whisk.namespace,
    };
    for (const line of shellLines(environment)) this.log(line);
    return environment;
  }
}
