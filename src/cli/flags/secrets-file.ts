import { UserError } from '../../base/errors.ts';

/** `NAME=`, optionally with `export`, as in shells. */
const HEAD = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*/;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/**
 * The names and values in a file of secrets: lines of `NAME=VALUE`, as in docker compose's `.env`, or a JSON object,
 * as for wsk's `--param-file`. `#` starts a comment. Quoted values can span lines; in double quotes, `\n`, `\t`, `\"`
 * and `\\` are escape sequences. `$` is an ordinary character.
 *
 * @throws UserError `secrets-file` with the line number, but not its contents
 */
export function parseSecretsFile(content: string, file: string): Map<string, string> {
  const text = content.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  return text.trimStart().startsWith('{') ? parseJson(text, file) : parseLines(text, file);
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

function parseLines(text: string, file: string): Map<string, string> {
  const secrets = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const end = endOfLine(text, at);
    const line = text.slice(at, end);
    const head = HEAD.exec(line);
    if (head) {
      const { value, next } = readValue(text, at + head[0].length, () => place(text, at, file));
      secrets.set(head[1] as string, value);
      at = next;
    } else {
      if (!/^\s*(#|$)/.test(line)) {
        throw new UserError(
          'secrets-file',
          `${place(text, at, file)} does not have the form NAME=VALUE`,
          'start comments with #',
        );
      }
      at = end + 1;
    }
  }
  return secrets;
}

function readValue(text: string, at: number, where: () => string): { value: string; next: number } {
  const end = endOfLine(text, at);
  const quote = text[at];
  if (quote !== '"' && quote !== "'") {
    return {
      value: text
        .slice(at, end)
        .replace(/(^|\s)#.*$/, '')
        .trim(),
      next: end + 1,
    };
  }
  let value = '';
  for (let i = at + 1; i < text.length; i++) {
    const character = text[i] as string;
    if (character === quote) {
      const next = endOfLine(text, i);
      if (/^\s*(#|$)/.test(text.slice(i + 1, next))) return { value, next: next + 1 };
      throw new UserError(
        'secrets-file',
        `${where()} has text after the closing quote`,
        'write \\" for a quote within quotes',
      );
    }
    const escaped = quote === '"' && character === '\\' ? text[i + 1] : undefined;
    if (escaped !== undefined) i++;
    value +=
      escaped === undefined ? character : (ESCAPES[escaped] ?? (/["\\$]/.test(escaped) ? escaped : `\\${escaped}`));
  }
  throw new UserError('secrets-file', `${where()} has an unclosed quote`, 'close or escape it');
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function place(text: string, at: number, file: string): string {
  return `${file}:${text.slice(0, at).split('\n').length}`;
}
