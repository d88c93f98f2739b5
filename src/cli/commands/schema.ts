import { string as argument } from '@oclif/core/args';
import { readSchema, SCHEMA_FILE, TEST_SCHEMA_FILE } from '../../base/package-files.ts';
import { BaseCommand } from '../base-command.ts';

const FILES: Record<string, string> = { flow: SCHEMA_FILE, test: TEST_SCHEMA_FILE };

export default class Schema extends BaseCommand {
  static override summary = 'Print the JSON Schema of flow files, or of their test files, for editors.';
  static override description =
    'Editors with yaml-language-server read its name from the first line of a flow file: # yaml-language-server: $schema=flow.v1.schema.json';
  static override examples = [
    '<%= config.bin %> <%= command.id %> > flow.v1.schema.json',
    '<%= config.bin %> <%= command.id %> test > test.v1.schema.json',
  ];
  static override args = {
    kind: argument({ description: 'kind of file', name: 'KIND', options: Object.keys(FILES), default: 'flow' }),
  };

  override async run(): Promise<unknown> {
    const { args } = await this.parse(Schema);
    const text = await readSchema(FILES[args.kind]);
    if (!this.jsonEnabled()) this.log(text.trimEnd());
    return JSON.parse(text);
  }
}
