/**
 * JSON and flow-file values that keep their numbers exactly as written. JavaScript's numbers cannot represent two
 * kinds that Python has: integers beyond 2^53, which are `bigint` here, and floats without a fraction (`1.0`), which
 * are {@link WholeFloat}.
 */
export type ExactNumber = number | bigint | WholeFloat;

const IS_WHOLE_FLOAT: unique symbol = Symbol.for('nuvopipe.WholeFloat') as never;

/** `1.0`: an integer in JavaScript, but a float in Python. It compares as a number. */
export class WholeFloat {
  /** Also holds for an instance of another copy of this module: loaders of TypeScript load it once per kind of import. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && IS_WHOLE_FLOAT in value;
  }

  readonly [IS_WHOLE_FLOAT] = true;
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  valueOf(): number {
    return this.#value;
  }

  /** As Python writes it. */
  toString(): string {
    return `${Object.is(this.#value, -0) ? '-0' : this.#value}.0`;
  }

  /** `JSON.stringify` would turn it into an integer, and cannot write a `bigint` at all. */
  toJSON(): never {
    throw new TypeError(`${this} is written by toJson`);
  }
}

/** An integer in decimal digits, as written. */
export function exactInteger(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** A float. From 10^21 on, JavaScript writes an exponent, which every reader takes for a float. */
export function exactFloat(value: number): number | WholeFloat {
  return /^-?\d+$/.test(String(value)) ? new WholeFloat(value) : value;
}

export function isNumber(value: unknown): value is ExactNumber {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof WholeFloat;
}

/** Whether two numbers are equal, as in Python: 1 and 1.0 are. */
export function isSameNumber(a: ExactNumber, b: ExactNumber): boolean {
  // biome-ignore lint/suspicious/noDoubleEquals: a number and a bigint of the same value
  return a.valueOf() == b.valueOf();
}

/** The identity of a scalar in a set: as in Python, 1.0 equals 1. */
export function identityOf(value: unknown): unknown {
  if (!(value instanceof WholeFloat)) return value;
  const number = value.valueOf();
  return Number.isSafeInteger(number) ? number : BigInt(number);
}

/** The same value with JavaScript's numbers, for uses where rounding does not matter. */
export function withRoundedNumbers(value: unknown): unknown {
  if (isNumber(value)) return Number(value);
  if (Array.isArray(value)) return value.map(withRoundedNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withRoundedNumbers(item)]));
}

/** Text without any of these contains no number that JavaScript cannot represent. */
const MAY_BE_SPECIAL = /\d{16}|\d\.0+(?!\d)|\d[eE]/;

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;

/** Marks strings that stand for numbers while JavaScript parses them. */
const MARK = '\u0000';
const WRITTEN_MARK = '\\u0000';

/**
 * Parses JSON like `JSON.parse`, except for numbers.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  if (!MAY_BE_SPECIAL.test(text)) return JSON.parse(text);
  return JSON.parse(withMarks(text), (_, value) => {
    if (typeof value !== 'string' || !value.startsWith(MARK)) return value;
    const marked = value.slice(1);
    return marked.startsWith(MARK) ? marked : numberOf(marked);
  });
}

/**
 * Numbers that JavaScript cannot represent become marked strings; strings that already start with a mark get another
 * one.
 */
function withMarks(text: string): string {
  let marked = '';
  let copied = 0;
  const replace = (from: number, to: number, by: string) => {
    marked += text.slice(copied, from) + by;
    copied = to;
  };
  for (let at = 0; at < text.length; ) {
    const char = text.charAt(at);
    if (char === '"') {
      const end = endOfString(text, at);
      if (text.startsWith(WRITTEN_MARK, at + 1) && !isKey(text, end)) replace(at + 1, at + 1, WRITTEN_MARK);
      at = end;
    } else if (char === '-' || (char >= '0' && char <= '9')) {
      NUMBER.lastIndex = at;
      const [number = char] = NUMBER.exec(text) ?? [];
      const end = at + number.length;
      const isAlone = !/[\w.+-]/.test(text.charAt(end)) && !isKey(text, end);
      if (isAlone && typeof numberOf(number) !== 'number') replace(at, end, `"${WRITTEN_MARK}${number}"`);
      at = end;
    } else at += 1;
  }
  return marked + text.slice(copied);
}

function numberOf(text: string): ExactNumber {
  return /^-?\d+$/.test(text) ? exactInteger(text) : exactFloat(Number(text));
}

/** After the closing quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = end;
    while (text.charAt(escapes - 1) === '\\') escapes -= 1;
    if ((end - escapes) % 2 === 0) return end + 1;
  }
  return text.length;
}

const KEY_END = /[ \t\r\n]*:/y;

function isKey(text: string, end: number): boolean {
  KEY_END.lastIndex = end;
  return KEY_END.test(text);
}

/** Writes JSON as `JSON.stringify` does, but for the numbers. */
export function toJson(value: unknown, space = 0): string {
  try {
    return JSON.stringify(value, undefined, space);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return write(value, ' '.repeat(space), '\n') ?? 'null';
  }
}

function write(value: unknown, indent: string, line: string): string | undefined {
  if (typeof value === 'bigint' || value instanceof WholeFloat) return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = line + indent;
  const list = (items: string[], open: string, close: string) => {
    if (items.length === 0) return open + close;
    return indent === '' ? open + items.join(',') + close : open + inner + items.join(`,${inner}`) + line + close;
  };
  if (Array.isArray(value))
    return list(
      value.map((item) => write(item, indent, inner) ?? 'null'),
      '[',
      ']',
    );
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const written = write(item, indent, inner);
    return written === undefined ? [] : [`${JSON.stringify(key)}:${indent === '' ? '' : ' '}${written}`];
  });
  return list(entries, '{', '}');
}
