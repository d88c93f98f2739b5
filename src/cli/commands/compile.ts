import { join } from 'node:path';
import { string as argument } from '@oclif/core/args';
import { string as flag } from '@oclif/core/flags';
import { compile, type Diagnostic, writeBundle } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { showWarnings } from '../views/warnings.ts';

/** What `--json` prints. */
interface Answer {
  flow: string;
  /** Folder of the bundle. */
  bundle: string;
  hash: string;
  files: string[];
  /** Warnings. */
  diagnostics: Diagnostic[];
}

export default class Compile extends BaseCommand {
  static override summary = 'Compile a flow file to a bundle: a Metaflow program, a composition and step actions.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> flow.yaml',
    '<%= config.bin %> <%= command.id %> flow.yaml -o out',
  ];
  static override args = { flow: argument({ required: true, description: 'the flow file', name: 'FLOW' }) };
  static override flags = {
    output: flag({
      char: 'o',
      description: 'folder to write the bundle to',
      helpValue: 'DIR',
      defaultHelp: 'build/<flow>',
    }),
  };

  override async run(): Promise<Answer> {
    const { args, flags } = await this.parse(Compile);
    const compiled = await compile(args.flow);
    const { bundle, diagnostics } = compiled;
    showWarnings(compiled);
    const { flow, hash } = bundle.manifest;
    const dir = flags.output ?? join('build', flow);
    await writeBundle(bundle, dir);
    this.log(`${this.palette.green('✓')} ${flow} was compiled to ${dir}`);
    return { flow, bundle: dir, hash, files: [...bundle.files.keys()].toSorted(), diagnostics };
  }
}
