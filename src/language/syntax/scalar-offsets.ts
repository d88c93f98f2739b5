import type { Scalar } from 'yaml';

/**
 * Maps the characters of a scalar's text to offsets in the flow file. YAML folds lines, strips indentation and
 * decodes escapes, but preserves the order of non-blank characters, so text and source are aligned character by
 * character.
 *
 * @returns for an index of the text, the offset in the source; for white space, that of the preceding character plus
 * one
 */
export function offsetsOf(scalar: Scalar, source: string): (index: number) => number {
  const text = String(scalar.value);
  const [start, end] = scalar.range ?? [0, 0];
  let offsets: Int32Array | undefined;
  return (index) => {
    offsets ??= align(text, source, start, end, scalar.type ?? 'PLAIN');
    return offsets[Math.min(Math.max(index, 0), text.length)] ?? start;
  };
}

function align(text: string, source: string, start: number, end: number, type: string): Int32Array {
  const offsets = new Int32Array(text.length + 1);
  const block = type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED';
  let at = block ? source.indexOf('\n', start) + 1 : start + (type === 'PLAIN' ? 0 : 1);
  let after = at;
  for (let index = 0; index < text.length; index++) {
    if (isSpace(text[index] as string)) {
      offsets[index] = after;
      continue;
    }
    for (let skipped = escapeAt(source, at, type); at < end; skipped = escapeAt(source, at, type)) {
      if (skipped ? !skipped.space : !isSpace(source[at] as string)) break;
      at += skipped?.length ?? 1;
    }
    const length = escapeAt(source, at, type)?.length ?? 1;
    offsets[index] = at;
    // A character outside the Basic Multilingual Plane is two code units of the text, but can be one escape in the
    // source.
    if (length > 2 && isSurrogatePair(text, index)) offsets[++index] = at;
    at += length;
    after = at;
  }
  offsets[text.length] = after;
  return offsets;
}

/** What can follow a backslash to stand for white space, including a line break. */
const SPACE_ESCAPES = ' \t\r\ntnvfrNLP_';

/** The escape sequence at an offset of a quoted scalar. */
function escapeAt(source: string, at: number, type: string): { length: number; space: boolean } | undefined {
  if (type === 'QUOTE_SINGLE' && source.startsWith("''", at)) return { length: 2, space: false };
  if (type !== 'QUOTE_DOUBLE' || source[at] !== '\\') return undefined;
  const code = source[at + 1] as string;
  const digits = { x: 2, u: 4, U: 8 }[code] ?? 0;
  const decoded =
    digits > 0 ? String.fromCodePoint(Number.parseInt(source.slice(at + 2, at + 2 + digits), 16) || 0) : '';
  return { length: 2 + digits, space: digits > 0 ? isSpace(decoded) : SPACE_ESCAPES.includes(code) };
}

function isSpace(char: string): boolean {
  return /\s|\u0085/.test(char);
}

function isSurrogatePair(text: string, index: number): boolean {
  return (text.codePointAt(index) ?? 0) > 0xffff;
}
