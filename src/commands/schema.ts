import { BaseCommand } from '../cli/base-command.ts';
import { readSchema } from '../package-files.ts';

export default class Schema extends BaseCommand {
  static override summary = 'Print the JSON Schema of flow files, for editors.';
  static override description =
    'Editors that use yaml-language-server take it from the first line of a flow file: # yaml-language-server: $schema=flow.v1.schema.json';
  static override examples = ['<%= config.bin %> <%= command.id %> > flow.v1.schema.json'];

  override async run(): Promise<unknown> {
    await this.parse(Schema);
    const text = await readSchema();
    if (!this.jsonEnabled()) this.log(text.trimEnd());
    return JSON.parse(text);
  }
}
