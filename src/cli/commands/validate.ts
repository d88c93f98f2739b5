import { string } from '@oclif/core/args';
import { type Diagnostic, FlowError, validate } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { showWarnings } from '../views/warnings.ts';

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
    const checked = await validate(args.flow);
    const { valid, flow, source, diagnostics } = checked;
    if (!valid || flow === undefined) throw new FlowError(source, diagnostics);
    showWarnings(checked);
    this.log(`${this.palette.green('✓')} ${source.name}: ${flow} is valid`);
    return { flow, valid, diagnostics };
  }
}
