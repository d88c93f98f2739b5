import { local } from '../../../index.ts';
import { BaseCommand } from '../../base-command.ts';
import { shellLines } from '../../views/shell-lines.ts';

export default class LocalEnv extends BaseCommand {
  static override summary = 'Print the settings that other clients need for the local platform, as shell commands.';

  static override description =
    'The output contains keys. It configures wsk, the openwhisk npm client, Metaflow, boto3 and all AWS SDKs.';

  static override examples = ['eval "$(<%= config.bin %> local env)"'];

  async run(): Promise<Record<string, string>> {
    const { flags } = await this.parse(LocalEnv);
    const environment = await local.environment(flags);
    for (const line of shellLines(environment)) this.log(line);
    return environment;
  }
}
