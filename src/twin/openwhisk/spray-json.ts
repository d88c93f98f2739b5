import { type ExactNumber, parseJson as parseExact, toJson, WholeFloat } from '../../base/json.ts';

/**
 * JSON as OpenWhisk parses it, with the error messages of its parser (spray-json's JsonParser.scala). Its numbers are
 * Scala's `BigDecimal`, so the controller changes none; only the Node of a container does.
 */
export type Json = null | boolean | ExactNumber | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WholeFloat);
}

/** For messages. `String` would call an object's own `toString`. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : toJson(value);
}

/** The request's text is not JSON; the message is that of spray-json. */
export class ParsingError extends Error {}

/**
 * JsonParserSettings.scala, `maxDepth`. Values must not be nested deeper than the stack when they are written again.
 */
const MAX_DEPTH = 1000;
/** Maximum length of the line in a message; spray-json shows all of it, even megabytes. */
const SHOWN_LINE_LENGTH = 500;

/** Whether lists and objects are nested deeper than OpenWhisk accepts. */
export function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (inString) {
      if (char === '\\') index += 1;
      else inString = char !== '"';
    } else if (char === '"') inString = true;
    else if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** @throws {ParsingError} */
export function parseJson(text: string): Json {
  if (isTooDeep(text)) {
    throw new ParsingError(
      `JSON input nested too deeply:JSON input was nested more deeply than the configured limit of maxDepth = ${MAX_DEPTH}`,
    );
  }
  try {
    return parseExact(text) as Json;
  } catch {
    const { index, expected } = new Scanner(text).problem();
    throw new ParsingError(describe(text, index, expected));
  }
}

function describe(text: string, index: number, expected: string): string {
  const lineStart = text.lastIndexOf('\n', index - 1) + 1;
  const lineEnd = text.indexOf('\n', index);
  const column = index - lineStart + 1;
  const char = text[index];
  const unexpected =
    char === undefined
      ? 'end-of-input'
      : `character '${char < ' ' ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char}'`;
  const summary = `Unexpected ${unexpected} at input index ${index} (line ${lineOf(text, index)}, position ${column}), expected ${expected}`;
  const shownStart = Math.max(lineStart, index - SHOWN_LINE_LENGTH / 2);
  const shownEnd = Math.min(lineEnd < 0 ? text.length : lineEnd, shownStart + SHOWN_LINE_LENGTH);
  const shown = text.slice(shownStart, shownEnd).replaceAll(/\p{Cc}/gu, '?');
  return `${summary}:\n${shown}\n${' '.repeat(index - shownStart)}^\n`;
}

function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
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

/** Finds the first position that is not valid JSON. The recursion is as deep as the text, which is bounded. */
class Scanner {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  problem(): { index: number; expected: string } {
    try {
      this.#space();
      this.#value();
      if (this.#index < this.#text.length) throw new Problem(this.#index, 'end-of-input');
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
    return { index: this.#index, expected: 'JSON Value' };
  }

  #value(): void {
    const start = this.#index;
    const char = this.#text[start];
    if (char === '{') this.#object();
    else if (char === '[') this.#array();
    else if (char === '"') this.#string();
    else if (char !== undefined && /[-0-9]/.test(char)) this.#number();
    else {
      const word = ['true', 'false', 'null'].find((each) => this.#text.startsWith(each, start));
      if (word === undefined) throw new Problem(start, 'JSON Value');
      this.#index += word.length;
    }
    this.#space();
  }

  #object(): void {
    this.#index += 1;
    this.#space();
    if (this.#take('}')) return;
    do {
      this.#space();
      this.#string();
      this.#space();
      this.#require(':');
      this.#space();
      this.#value();
    } while (this.#take(','));
    this.#require('}');
  }

  #array(): void {
    this.#index += 1;
    this.#space();
    if (this.#take(']')) return;
    do {
      this.#space();
      this.#value();
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
