import { parse } from 'dotenv';
import { UserError } from '../../base/errors.ts';

/**
 * The names and values in a file of secrets: lines of `NAME=VALUE`, as in `.env` files, or a JSON object, as for wsk's
 * `--param-file`. `#` starts a comment. Quoted values can span lines; in double quotes, `\n` and `\r` are escape
 * sequences. `$` is an ordinary character.
 *
 * @throws UserError `secrets-file` with line and column, but not the contents
 */
export function parseSecretsFile(content: string, file: string): Map<string, string> {
  const text = content.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
  if (text.trimStart().startsWith('{')) return parseJson(text, file);
  checkLines(text, file);
  return new Map(Object.entries(parse(text)));
}

function parseJson(text: string, file: string): Map<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message would quote the text.
    throw new UserError('secrets-file', `${file} starts like JSON, but is invalid`, 'write {"NAME": "value"}');
  }
  return new Map(
    Object.entries(value as object).map(([name, secret]) => {
      if (typeof secret === 'string') return [name, secret];
      const hint = 'put the value in quotes; write a JSON value as a string';
      throw new UserError('secrets-file', `${name} in ${file} is not text`, hint);
    }),
  );
}

/** `NAME=`, optionally with `export`, as in shells. */
const HEAD = /[ \t]*(?:export[ \t]+)?[A-Za-z_][\w.-]*[ \t]*=[ \t]*/y;

/** What can follow a value; also a line without one. */
const REST = /[ \t]*(?:#.*)?(?:\n|$)/y;

const QUOTED = /'[^']*'|"(?:\\[\s\S]|[^"\\])*"/y;

/** Escape sequences in quoted values that `.env` parsers read differently. */
const UNCLEAR_ESCAPE = { "'": /\\(?='$)/, '"': /\\["\\$t]/ };

/** An unquoted value. Where no blank precedes a `#`, only some parsers read it as a comment. */
const UNQUOTED = /(?!`)(?:[^#\n\u2028\u2029]*[ \t](?=#)|[^#\n\u2028\u2029]+(?=\n|$))?/y;

/**
 * Refuses what `dotenv` skips without an error, and values that it reads differently from docker compose and shells.
 *
 * @throws UserError `secrets-file`
 */
function checkLines(text: string, file: string): void {
  let at = 0;
  const read = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const refuse = (problem: string, hint: string, offset = at): never => {
    const lines = text.slice(0, offset).split('\n');
    const column = (lines.at(-1) as string).length + 1;
    throw new UserError('secrets-file', `${file}:${lines.length}:${column}: ${problem}`, hint);
  };
  while (at < text.length) {
    if (read(REST) !== undefined) continue;
    if (read(HEAD) === undefined) refuse('expected NAME=VALUE', 'start comments with #');
    const quote = text[at];
    if (quote === "'" || quote === '"') {
      const start = at;
      const value = read(QUOTED) ?? refuse('this quote is never closed', 'add the closing quote');
      const unclear = value.search(UNCLEAR_ESCAPE[quote]);
      if (unclear >= 0)
        refuse('unsupported escape sequence', 'use other quotes, or write the file as JSON', start + unclear);
      if (read(REST) === undefined) refuse('there is text after the closing quote', 'put the value in other quotes');
    } else {
      read(UNQUOTED);
      const hint = 'put it in single quotes, because it contains # or a line separator, or starts with `';
      if (read(REST) === undefined) refuse('this value needs quotes', hint);
    }
  }
}
