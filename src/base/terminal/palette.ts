import { styleText } from 'node:util';

type Paint = (text: string) => string;

const COLOURS = ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'cyan'] as const;

/** The colours of nuvopipe's output. */
export type Palette = Readonly<Record<(typeof COLOURS)[number], Paint>>;

function paletteBy(paint: (colour: (typeof COLOURS)[number]) => Paint): Palette {
  return Object.fromEntries(COLOURS.map((colour) => [colour, paint(colour)])) as Palette;
}

// Node would decide by stdout; the actual stream is considered below.
const colours = paletteBy((colour) => (text) => styleText(colour, text, { validateStream: false }));

export const plainPalette = paletteBy(() => (text) => text);

export function paletteOf(hasColor: boolean): Palette {
  return hasColor ? colours : plainPalette;
}

/** Whether a stream shows colours: terminals do, unless `NO_COLOR` is set (https://no-color.org). */
export function showsColor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

export function paletteFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Palette {
  return paletteOf(showsColor(stream, env));
}
