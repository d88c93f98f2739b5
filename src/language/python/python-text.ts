const QUOTE = /'''|"""|'|"/y;

/** Lines, counted from 0, that start inside a string, so their white space belongs to the string. */
export function linesInsideStrings(code: string): Set<number> {
  const inside = new Set<number>();
  let line = 0;
  let quote: string | undefined;
  for (let at = 0; at < code.length; at++) {
    const char = code[at];
    if (char === '\n') {
      line++;
      // An unclosed one-line string is a syntax error, which Python reports.
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

/** The code as an indented function body, leaving the inside of strings alone; `pass` if it is empty. */
export function functionBody(code: string): string[] {
  const lines = code.trimEnd().split('\n');
  const inside = linesInsideStrings(code);
  const body = lines.map((line, index) => (inside.has(index) || line.trim() === '' ? line : INDENT + line));
  return lines.every((line) => /^\s*(#|$)/.test(line)) ? [...body, `${INDENT}pass`] : body;
}

/** A string literal. Python reads JSON's escapes in the same way. */
export function pythonString(text: string): string {
  return JSON.stringify(text);
}
