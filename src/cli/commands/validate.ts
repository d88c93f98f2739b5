import { string } from '@oclif/core/args';
import { paletteFor } from '../../base/terminal/palette.ts';
import { hasErrors, validateFlow } from '../../compiler/compile-flow.ts';
import type { Diagnostic } from '../../language/diagnostics/diagnostic.ts';
import { FlowError } from '../../language/diagnostics/diagnostic.ts';
import { renderDiagnostics } from '../../language/diagnostics/render-diagnostic.ts';
import { BaseCommand } from '../base-command.ts';

/** What `--json` prints. */
interface Answer {
  flow: string;
  valid: true;
  /** Warnings. */
  diagnostics: Diagnostic[];
}

export default class Validate extends BaseCommand {
  static override summary = 'Report every problem in a flow file, with line numbers.';
  static override description = 'Nothing is run or deployed. Exit codes: 0 no errors (warnings are allowed); 2 errors.';
  static override examples = ['<%= config.bin %> <%= command.id %> flow.yaml'];
  static override args = { flow: string({ required: true, description: 'the flow file', name: 'FLOW' }) };

  override async run(): Promise<Answer> {
    const { args } = await this.parse(Validate);
    const { flow, source, diagnostics } = await validateFlow(args.flow);
    if (!flow || hasErrors(diagnostics)) throw new FlowError(source, diagnostics);
    if (diagnostics.length > 0) this.logToStderr(renderDiagnostics(diagnostics, source, paletteFor(process.stderr)));
    this.log(`${this.palette.green('✓')} ${source.name}: ${flow.name.value} is valid`);
    return { flow: flow.name.value, valid: true, diagnostics };
  }
}
