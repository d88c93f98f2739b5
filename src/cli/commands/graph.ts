import { string as argument } from '@oclif/core/args';
import { option, string } from '@oclif/core/flags';
import { UserError } from '../../base/errors.ts';
import { showsColor } from '../../base/terminal/palette.ts';
import { draw } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { showWarnings } from '../views/warnings.ts';

const FORMATS = ['terminal', 'mermaid', 'svg'] as const;
type Format = (typeof FORMATS)[number];

/** The format for a file's extension. */
const FORMAT_OF_ENDING: Record<string, Format> = { svg: 'svg', mmd: 'mermaid', mermaid: 'mermaid' };

export default class Graph extends BaseCommand {
  static override summary = 'Draw a flow: in the terminal, as a Mermaid flowchart, or as SVG.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> flow.yaml',
    '<%= config.bin %> <%= command.id %> flow.yaml -o flow.svg',
    '<%= config.bin %> <%= command.id %> flow.yaml --format mermaid',
  ];
  static override args = { flow: argument({ required: true, description: 'the flow file', name: 'FLOW' }) };
  static override flags = {
    format: option({
      description: 'output format [default: from the extension of the output file, else terminal]',
      options: FORMATS,
    })(),
    output: string({ char: 'o', description: 'file to write to', helpValue: 'FILE' }),
  };

  override async run(): Promise<{ flow: string; format: Format; output?: string; drawing?: string }> {
    const { args, flags } = await this.parse(Graph);
    const format = flags.format ?? FORMAT_OF_ENDING[flags.output?.split('.').at(-1) ?? ''] ?? 'terminal';
    const toScreen = flags.output === undefined && !this.jsonEnabled();
    const screen = { columns: process.stdout.columns, color: showsColor(process.stdout) };
    const drawn = await draw(args.flow, { format, ...(toScreen && screen) });
    showWarnings(drawn);
    const { flow, drawing } = drawn;
    if (flags.output === undefined) {
      if (toScreen) this.log(drawing);
      return { flow, format, drawing };
    }
    await write(flags.output, `${drawing}\n`);
    this.log(`${this.palette.green('✓')} ${flow} was drawn in ${flags.output}`);
    return { flow, format, output: flags.output };
  }
}

async function write(file: string, text: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  try {
    await writeFile(file, text);
  } catch (error) {
    const { message } = error as Error;
    throw new UserError('cannot-write', `${file} cannot be written: ${message}`, 'choose another file', {
      cause: error,
    });
  }
}
