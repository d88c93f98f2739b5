import { join } from 'node:path';
import { string as argument } from '@oclif/core/args';
import { string as flag } from '@oclif/core/flags';
import { paletteFor } from '../../base/terminal/palette.ts';
import { bundleOf, compileFlow } from '../../compiler/compile-flow.ts';
import type { Diagnostic } from '../../language/diagnostics/diagnostic.ts';
import { renderDiagnostics } from '../../language/diagnostics/render-diagnostic.ts';
import { BaseCommand } from '../base-command.ts';

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
    const result = await compileFlow(args.flow);
    const bundle = bundleOf(result);
    const { source, diagnostics } = result;
    if (diagnostics.length > 0) this.logToStderr(renderDiagnostics(diagnostics, source, paletteFor(process.stderr)));
    const { writeBundle } = await import('../../compiler/bundle-folder.ts');
    const { flow, hash } = bundle.manifest;
    const dir = flags.output ?? join('build', flow);
    await writeBundle(bundle, dir);
    this.log(`${this.palette.green('✓')} ${flow} was compiled to ${dir}`);
    return { flow, bundle: dir, hash, files: [...bundle.files.keys()].toSorted(), diagnostics };
  }
}
