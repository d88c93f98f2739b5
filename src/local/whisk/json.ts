/** JSON as OpenWhisk reads it, with the error texts of its parser (spray-json's JsonParser.scala). */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The request's text is not JSON; the message is spray-json's. */
export class ParsingError extends Error {}

/** @throws {ParsingError} */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    const { index, expected } = new Scanner(text).problem();
    throw new ParsingError(describe(text, index, expected));
  }
}

function describe(text: string, index: number, expected: string): string {
  const before = text.slice(0, index).split('\n');
  const line = before.length;
  const column = (before.at(-1) ?? '').length + 1;
  const char = text[index];
  const unexpected =
    char === undefined
      ? 'end-of-input'
      : `character '${char < ' ' ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char}'`;
  const shown = (text.split('\n')[line - 1] ?? '').replaceAll(/\p{Cc}/gu, '?');
  const summary = `Unexpected ${unexpected} at input index ${index} (line ${line}, position ${column}), expected ${expected}`;
  return `${summary}:\n${shown}\n${' '.repeat(column - 1)}^\n`;
}

class Problem extends Error {
  readonly index: number;
  readonly expected: string;

  constructor(index: number, expected: string) {
    super();
    this.index = index;
    this.expected = expected;
  }
}

/** Finds the first place of a text that is not JSON. Recursion is bounded, as the text may be hostile. */
class Scanner {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  problem(): { index: number; expected: string } {
    try {
      this.#space();
      this.#value(0);
      if (this.#index < this.#text.length) throw new Problem(this.#index, 'end-of-input');
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
    return { index: this.#index, expected: 'JSON Value' };
  }

  #value(depth: number): void {
    const start = this.#index;
    const char = this.#text[start];
    if (depth > 1000) throw new Problem(start, 'JSON Value');
    if (char === '{') this.#object(depth);
    else if (char === '[') this.#array(depth);
    else if (char === '"') this.#string();
    else if (char !== undefined && /[-0-9]/.test(char)) this.#number();
    else {
      const word = ['true', 'false', 'null'].find((each) => this.#text.startsWith(each, start));
      if (word === undefined) throw new Problem(start, 'JSON Value');
      this.#index += word.length;
    }
    this.#space();
  }

  #object(depth: number): void {
    this.#index += 1;
    this.#space();
    if (this.#take('}')) return;
    do {
      this.#space();
      this.#string();
      this.#space();
      this.#require(':');
      this.#space();
      this.#value(depth + 1);
    } while (this.#take(','));
    this.#require('}');
  }

  #array(depth: number): void {
    this.#index += 1;
    this.#space();
    if (this.#take(']')) return;
    do {
      this.#space();
      this.#value(depth + 1);
    } while (this.#take(','));
    this.#require(']');
  }

  #string(): void {
    this.#require('"');
    for (;;) {
      const char = this.#text[this.#index];
      if (char === undefined || char < ' ') throw new Problem(this.#index, "'\"'");
      this.#index += 1;
      if (char === '"') return;
      if (char !== '\\') continue;
      const match = /^(["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(this.#text.slice(this.#index, this.#index + 5));
      if (match === null) throw new Problem(this.#index, 'JSON escape sequence');
      this.#index += match[0].length;
    }
  }

  #number(): void {
    const match = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/.exec(this.#text.slice(this.#index));
    if (match === null) throw new Problem(this.#index + 1, 'DIGIT');
    this.#index += match[0].length;
  }

  #space(): void {
    while (' \n\r\t'.includes(this.#text[this.#index] ?? 'x')) this.#index += 1;
  }

  #take(char: string): boolean {
    if (this.#text[this.#index] !== char) return false;
    this.#index += 1;
    return true;
  }

  #require(char: string): void {
    if (!this.#take(char)) throw new Problem(this.#index, `'${char}'`);
  }
}
