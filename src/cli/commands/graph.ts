import { string as argument } from '@oclif/core/args';
import { option, string } from '@oclif/core/flags';
import { UserError } from '../../base/errors.ts';
import { plainPalette } from '../../base/terminal/palette.ts';
import type { Picture } from '../../compiler/drawing/picture.ts';
import { BaseCommand } from '../base-command.ts';
import { flowFrom } from '../flags/flow-file.ts';

const FORMATS = ['terminal', 'mermaid', 'svg'] as const;
type Format = (typeof FORMATS)[number];

/** The format for a file's extension. */
const FORMAT_OF_ENDING: Record<string, Format> = { svg: 'svg', mmd: 'mermaid', mermaid: 'mermaid' };

/** For drawings that do not go to a terminal. */
const COLUMNS_DEFAULT = 100;

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
    const { flow } = await flowFrom(args.flow);
    const format = flags.format ?? FORMAT_OF_ENDING[flags.output?.split('.').at(-1) ?? ''] ?? 'terminal';
    const { pictureOf } = await import('../../compiler/drawing/picture.ts');
    const toScreen = flags.output === undefined && !this.jsonEnabled();
    const drawing = await this.#draw(pictureOf(flow), format, toScreen);
    const answer = { flow: flow.name.value, format };
    if (flags.output === undefined) {
      if (toScreen) this.log(drawing);
      return { ...answer, drawing };
    }
    await write(flags.output, `${drawing}\n`);
    this.log(`${this.palette.green('✓')} ${flow.name.value} was drawn in ${flags.output}`);
    return { ...answer, output: flags.output };
  }

  async #draw(picture: Picture, format: Format, toScreen: boolean): Promise<string> {
    switch (format) {
      case 'svg':
        return (await import('../../compiler/drawing/svg.ts')).drawSvg(picture);
      case 'mermaid':
        return (await import('../../compiler/drawing/mermaid.ts')).drawMermaid(picture);
      case 'terminal': {
        const { drawTerminal } = await import('../../compiler/drawing/terminal-graph.ts');
        const columns = (toScreen && process.stdout.columns) || COLUMNS_DEFAULT;
        return drawTerminal(picture, columns, toScreen ? this.palette : plainPalette);
      }
    }
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
