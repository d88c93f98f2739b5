import stringWidth from 'fast-string-width';
import { toJson } from '../../base/json.ts';

/** Maximum number of columns of a name and of Python code: longer ones would widen their box too much. */
const NAME_COLUMNS_MAX = 48;
const CODE_COLUMNS_MAX = 40;

/** Control characters of a file must not reach a terminal or document. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** A name on one line: the start and end of a long one, which distinguish it from others. */
export function shortName(name: string): string {
  const text = plain(name);
  if (stringWidth(text) <= NAME_COLUMNS_MAX) return text;
  const half = Math.floor((NAME_COLUMNS_MAX - 1) / 2);
  return `${begin(text, half)}…${end(text, half)}`;
}

/** Python on one line, possibly truncated. */
export function shortCode(code: string): string {
  return shortened(plain(code.trim().replace(/\s+/g, ' ')), CODE_COLUMNS_MAX);
}

/** Values in list notation, possibly truncated: `a, b, … (12)`. */
export function shortList(values: readonly unknown[]): string {
  const words = values.map((value) => plain(typeof value === 'string' ? value : toJson(value)));
  const all = words.join(', ');
  return stringWidth(all) <= CODE_COLUMNS_MAX ? all : `${shortened(all, CODE_COLUMNS_MAX)} (${values.length})`;
}

/** A text, possibly truncated. */
export function shortened(text: string, columns: number): string {
  return stringWidth(text) <= columns ? text : `${begin(text, columns - 1)}…`;
}

function begin(text: string, columns: number): string {
  let room = columns;
  let kept = '';
  for (const grapheme of graphemes(text)) {
    room -= stringWidth(grapheme);
    if (room < 0) break;
    kept += grapheme;
  }
  return kept;
}

function end(text: string, columns: number): string {
  let room = columns;
  let kept = '';
  for (const grapheme of graphemes(text).reverse()) {
    room -= stringWidth(grapheme);
    if (room < 0) break;
    kept = grapheme + kept;
  }
  return kept;
}

/** Grapheme clusters. */
function graphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}
