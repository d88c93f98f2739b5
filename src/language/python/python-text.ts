const QUOTE = /'''|"""|'|"/y;

/** Lines, counted from 0, that begin inside of a string: their white space is the string's. */
export function linesInsideStrings(code: string): Set<number> {
  const inside = new Set<number>();
  let line = 0;
  let quote: string | undefined;
  for (let at = 0; at < code.length; at++) {
    const char = code[at];
    if (char === '\n') {
      line++;
      // A one-line string that was never closed is a syntax error; Python will say so.
      if (quote?.length === 1) quote = undefined;
      if (quote) inside.add(line);
    } else if (quote) {
      if (char === '\\') {
        at++;
        if (code[at] === '\n') inside.add(++line);
      } else if (code.startsWith(quote, at)) {
        at += quote.length - 1;
        quote = undefined;
      }
    } else if (char === '#') {
      const end = code.indexOf('\n', at);
      at = (end === -1 ? code.length : end) - 1;
    } else {
      QUOTE.lastIndex = at;
      quote = QUOTE.exec(code)?.[0];
      if (quote) at += quote.length - 1;
    }
  }
  return inside;
}

export const INDENT = '    ';

/** The code as the body of a function: indented, but for the inside of strings; `pass` where it says nothing. */
export function functionBody(code: string): string[] {
  const lines = code.trimEnd().split('\n');
  const inside = linesInsideStrings(code);
  const body = lines.map((line, index) => (inside.has(index) || line.trim() === '' ? line : INDENT + line));
  return lines.every((line) => /^\s*(#|$)/.test(line)) ? [...body, `${INDENT}pass`] : body;
}

/** A string literal. What JSON escapes, Python reads the same. */
export function pythonString(text: string): string {
  return JSON.stringify(text);
}
