import { styleText } from 'node:util';

type Paint = (text: string) => string;

const COLOURS = ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'cyan'] as const;

/** The colours of nuvopipe's output. */
export type Palette = Readonly<Record<(typeof COLOURS)[number], Paint>>;

function paletteOf(paint: (colour: (typeof COLOURS)[number]) => Paint): Palette {
  return Object.fromEntries(COLOURS.map((colour) => [colour, paint(colour)])) as Palette;
}

// Node would decide by stdout; the actual stream is considered below.
const colours = paletteOf((colour) => (text) => styleText(colour, text, { validateStream: false }));

export const plainPalette = paletteOf(() => (text) => text);

/** Colours for terminals only, and not if `NO_COLOR` is set (https://no-color.org). */
export function paletteFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Palette {
  return stream.isTTY && !env.NO_COLOR && env.TERM !== 'dumb' ? colours : plainPalette;
}
