import type { Document, YAMLError } from 'yaml';
import { visit } from 'yaml';
import type { SourceFile } from '../diagnostics/source-file.ts';
import type { Span } from '../model/flow.ts';
import { spanOf } from './nodes.ts';

/** The mistake behind a parser error that only says what was unexpected. */
export interface Mistake {
  code: string;
  span: Span;
  message: string;
  hint: string;
  /** Later parser errors are consequences of this one. */
  isLast: boolean;
}

/** Finds the mistake behind a parser error; undefined if the parser's own message is best. */
export function mistakeOf(error: YAMLError, document: Document.Parsed, source: SourceFile): Mistake | undefined {
  return (
    openQuote(error, document, source) ??
    openBracket(error, document, source) ??
    unquotedStar(error, source) ??
    quoteInQuotes(error, source) ??
    wrongIndent(error, source) ??
    missingColon(error, source)
  );
}

/** A quoted text that does not end, or ends much later. */
function openQuote(error: YAMLError, document: Document.Parsed, { text }: SourceFile): Mistake | undefined {
  const { code, message, pos } = error;
  const isKey = code === 'MULTILINE_IMPLICIT_KEY' && /^["']/.test(text.slice(pos[0]));
  if (!isKey && !(code === 'MISSING_CHAR' && message.includes('quote'))) return undefined;
  let start = isKey ? pos[0] : undefined;
  visit(document, {
    Scalar(_, node) {
      const [from, to] = spanOf(node);
      if (isKey || !node.type?.startsWith('QUOTE') || from > pos[0] || to < pos[0]) return undefined;
      start = from;
      return visit.BREAK;
    },
  });
  if (start === undefined) return undefined;
  const hint = 'add the closing quote';
  return { code: 'open-quote', span: [start, start + 1], message: 'this quote is never closed', hint, isLast: isKey };
}

/** The start of the bracketed list or mapping whose end is missing. */
function openBracket(
  { message, pos }: YAMLError,
  document: Document.Parsed,
  { text }: SourceFile,
): Mistake | undefined {
  const close = /^Flow (?:sequence|map) in block collection .* end with a ([\]}])/.exec(message)?.[1];
  if (close === undefined) return undefined;
  const open = close === ']' ? '[' : '{';
  let span: Span | undefined;
  visit(document, {
    Collection(_, node) {
      const [start, end] = spanOf(node);
      if (node.flow && start <= pos[0] && text[end - 1] !== close && text[start] === open) span = [start, start + 1];
    },
  });
  if (!span) return undefined;
  const hint = `add the closing ${close}`;
  return { code: 'open-bracket', span, message: `this ${open} is never closed`, hint, isLast: true };
}

/** An unquoted `*\/5 * * * *`: an alias followed by unexpected text. */
function unquotedStar({ code, pos }: YAMLError, source: SourceFile): Mistake | undefined {
  const line = lineAt(source, pos[0]);
  const before = line.text.slice(0, pos[0] - line.start);
  const column =
    code === 'BAD_ALIAS' ? before.length : code === 'UNEXPECTED_TOKEN' ? before.search(/(?<![^\s[{,])\*\S*\s*$/) : -1;
  if (column < 0 || line.text[column] !== '*') return undefined;
  const inBrackets = /[[{][^\]}]*$/.test(line.text.slice(0, column));
  const value = (inBrackets ? /^[^,\]}]*/ : /^.*?(?=\s#|$)/).exec(line.text.slice(column))?.[0].trim() ?? '*';
  const start = line.start + column;
  return {
    code: 'unquoted-star',
    span: [start, start + value.length],
    message: 'text that starts with * is an alias in YAML',
    hint: `put it in quotes: "${value}"`,
    isLast: true,
  };
}

/** A quote inside a text with the same quotes: `'it's'`. */
function quoteInQuotes({ code, pos }: YAMLError, { text }: SourceFile): Mistake | undefined {
  const quote = text[pos[0] - 1];
  if (code !== 'UNEXPECTED_TOKEN' || (quote !== '"' && quote !== "'")) return undefined;
  const hint =
    quote === "'"
      ? `write '' for a quote within single quotes, or put the text in double quotes`
      : 'write \\" for a quote within double quotes, or put the text on its own lines after "|"';
  return {
    code: 'quote-in-quotes',
    span: [pos[0] - 1, pos[0]],
    message: 'this quote ends the text, but more text follows',
    hint,
    isLast: true,
  };
}

/** A line whose indentation matches no line above. */
function wrongIndent(error: YAMLError, source: SourceFile): Mistake | undefined {
  const { code, message, pos } = error;
  let { line } = source.position(pos[0]);
  if (code === 'BLOCK_AS_IMPLICIT_KEY' && message.startsWith('Nested mappings are not allowed in compact')) {
    const deeper = nextLine(source, line);
    // The colon of unquoted text is on the line itself.
    if (deeper === undefined || columnsOf(source.line(deeper)).at(-1) === columnsOf(source.line(line)).at(-1))
      return undefined;
    if (/:\s/.test(source.line(line).slice(source.position(pos[0]).column))) return undefined;
    line = deeper;
  } else if (
    !(code === 'BAD_INDENT' && !message.startsWith('Flow')) &&
    !(code === 'MISSING_CHAR' && message.startsWith('Sequence item without')) &&
    !message.startsWith('A block sequence may not be used as an implicit map key')
  )
    return undefined;
  const own = source.line(line);
  const column = own.search(/\S/);
  if (column < 0) return undefined;
  const like = placeOfLine(source, line);
  const start = source.lineStart(line) + column;
  const spaces = `${like.column} ${like.column === 1 ? 'space' : 'spaces'}`;
  return {
    code: 'bad-indent',
    span: [start, start + (/^[^:\s]*/.exec(own.slice(column))?.[0].length || 1)],
    message: `this line is indented with ${column} ${column === 1 ? 'space' : 'spaces'}, which matches no line above`,
    hint: like.column === 0 ? 'start it in the first column' : `indent it with ${spaces}, like line ${like.line}`,
    isLast: true,
  };
}

/** The line above whose indentation should be used: the nearest of the same kind, with or without a dash. */
function placeOfLine(source: SourceFile, line: number): { line: number; column: number } {
  const own = source.line(line);
  const column = own.search(/\S/);
  const isItem = /^\s*-\s/.test(own);
  let best = { line, column: 0, distance: Number.POSITIVE_INFINITY };
  for (let above = line - 1, least = Number.POSITIVE_INFINITY; above > 0 && least > 0; above--) {
    const text = source.line(above);
    if (!/^\s*[^\s#]/.test(text)) continue;
    const [first = 0] = columnsOf(text);
    if (first >= least) continue;
    const at = isItem === /^\s*-\s/.test(text) ? first : isItem ? undefined : columnsOf(text).at(-1);
    least = first;
    if (at === undefined) continue;
    const distance = Math.abs(at - column);
    if (distance < best.distance) best = { line: above, column: at, distance };
  }
  return best;
}

/** Columns of a line's dashes and of the text after them. */
function columnsOf(text: string): number[] {
  const columns: number[] = [];
  for (const { index } of text.matchAll(/(?<=^[\s-]*)(?:-(?=\s)|[^\s-]|-(?=\S))/g)) columns.push(index);
  return columns;
}

function nextLine(source: SourceFile, line: number): number | undefined {
  for (let below = line + 1; below <= source.lineCount; below++) {
    if (/^\s*[^\s#]/.test(source.line(below))) return below;
  }
  return undefined;
}

/** `step one`: a key without its colon. */
function missingColon({ code, message, pos }: YAMLError, source: SourceFile): Mistake | undefined {
  const isKey = code === 'MULTILINE_IMPLICIT_KEY' || message.startsWith('Implicit map keys need to be followed');
  if (!isKey) return undefined;
  const line = lineAt(source, pos[0]);
  const text = line.text.slice(pos[0] - line.start).trimEnd();
  const [key = '', ...rest] = text.split(/\s+/);
  return {
    code: 'missing-colon',
    span: [pos[0], pos[0] + Math.max(text.length, 1)],
    message: 'a colon is missing here',
    hint: `write "${[`${key}:`, ...rest].join(' ')}"`,
    isLast: true,
  };
}

function lineAt(source: SourceFile, offset: number): { text: string; start: number } {
  const { line } = source.position(offset);
  return { text: source.line(line), start: source.lineStart(line) };
}
