import type { Document, Node, YAMLError } from 'yaml';
import { isMap, isNode, isPair, visit } from 'yaml';
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
    wrongIndent(error, document, source) ??
    missingColon(error, document, source)
  );
}

/** A quoted text that does not end, or ends much later. */
function openQuote(error: YAMLError, document: Document.Parsed, { text }: SourceFile): Mistake | undefined {
  const { code, pos } = error;
  const isKey = code === 'MULTILINE_IMPLICIT_KEY' && /^["']/.test(text.slice(pos[0]));
  let start = isKey ? pos[0] : undefined;
  if (code === 'MISSING_CHAR') {
    visit(document, {
      Scalar(_, node) {
        const [from, to] = spanOf(node);
        if (to !== pos[0] || !node.type?.startsWith('QUOTE') || QUOTED.test(text.slice(from, to))) return undefined;
        start = from;
        return visit.BREAK;
      },
    });
  }
  if (start === undefined) return undefined;
  const hint = 'add the closing quote';
  return { code: 'open-quote', span: [start, start + 1], message: 'this quote is never closed', hint, isLast: true };
}

/** Quoted text with its closing quote. */
const QUOTED = /^(?:"(?:[^"\\]|\\[\s\S])*"|'(?:[^']|'')*')$/;

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '{': '}' };

/** The start of the bracketed list or mapping whose end is missing. */
function openBracket({ code, pos }: YAMLError, document: Document.Parsed, { text }: SourceFile): Mistake | undefined {
  if (code !== 'BAD_INDENT' && code !== 'MISSING_CHAR') return undefined;
  let span: Span | undefined;
  visit(document, {
    Collection(_, node) {
      const [start, end] = spanOf(node);
      const close = CLOSING[text[start] ?? ''];
      if (!node.flow || end !== pos[0] || close === undefined) return;
      // The closing bracket at the end can be that of the last item.
      if (text[end - 1] !== close || endOfItems(node.items) === end) span = [start, start + 1];
    },
  });
  if (!span) return undefined;
  const open = text[span[0]] as string;
  const hint = `add the closing ${CLOSING[open]}`;
  return { code: 'open-bracket', span, message: `this ${open} is never closed`, hint, isLast: true };
}

function endOfItems(items: readonly unknown[]): number | undefined {
  const last = items.at(-1);
  const node = isPair(last) ? (last.value ?? last.key) : last;
  return isNode(node) ? spanOf(node)[1] : undefined;
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
function wrongIndent(error: YAMLError, document: Document.Parsed, source: SourceFile): Mistake | undefined {
  const { code, pos } = error;
  let { line } = source.position(pos[0]);
  if (code === 'BLOCK_AS_IMPLICIT_KEY') {
    // Otherwise a list is where a key should be.
    if (isNestedMapping(pos[0], document)) {
      const deeper = nextLine(source, line);
      // The colon of unquoted text is on the line itself.
      if (deeper === undefined || columnsOf(source.line(deeper)).at(-1) === columnsOf(source.line(line)).at(-1))
        return undefined;
      if (/:\s/.test(source.line(line).slice(source.position(pos[0]).column))) return undefined;
      line = deeper;
    }
  } else if (code !== 'BAD_INDENT' && !(code === 'MISSING_CHAR' && isItemWithoutDash(pos[0], document, source))) {
    return undefined;
  }
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

/** Whether the value of a mapping is a mapping that begins at an offset. */
function isNestedMapping(offset: number, document: Document.Parsed): boolean {
  let isFound = false;
  visit(document, {
    Pair(_, { value }) {
      isFound ||= isMap(value) && !value.flow && spanOf(value)[0] === offset;
    },
  });
  return isFound;
}

/** Whether an item of a list begins at an offset, after white space, without its dash. */
function isItemWithoutDash(offset: number, document: Document.Parsed, { text }: SourceFile): boolean {
  let isFound = false;
  visit(document, {
    Seq(_, seq) {
      if (seq.flow) return;
      let [end] = seq.range ?? [0];
      for (const item of seq.items as Node[]) {
        const [start, , next] = item.range ?? [0, 0, 0];
        isFound ||= end === offset && !text.slice(end, start).replaceAll(/#.*/g, '').includes('-');
        end = next;
      }
    },
  });
  return isFound;
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
function missingColon({ code, pos }: YAMLError, document: Document.Parsed, source: SourceFile): Mistake | undefined {
  const isKey = code === 'MULTILINE_IMPLICIT_KEY' || (code === 'MISSING_CHAR' && isKeyWithoutValue(pos[0], document));
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

/** Whether a key without a colon begins at an offset; an empty value after a colon is a node. */
function isKeyWithoutValue(offset: number, document: Document.Parsed): boolean {
  let isFound = false;
  visit(document, {
    Map(_, map) {
      if (!map.flow)
        isFound ||= map.items.some(({ key, value }) => value === null && spanOf(key as Node)[0] === offset);
    },
  });
  return isFound;
}

function lineAt(source: SourceFile, offset: number): { text: string; start: number } {
  const { line } = source.position(offset);
  return { text: source.line(line), start: source.lineStart(line) };
}
