import { type ExactNumber, isNumber, isSameNumber, toJson, WholeFloat } from '../../base/json.ts';
import type { ParameterType, PlannedParameter } from '../../contract/plan.ts';
import { VALUE_SHOWN_MAX_LENGTH } from '../../contract/protocol.generated.ts';

/** Names of parameter types in messages, as in `runtime/src/nuvopipe_runtime/protocol/values/parameters.py`. */
export const PARAMETER_TYPE_NAMES: Record<ParameterType, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  json: 'JSON',
  secret: 'text',
  file: 'text',
};

/** Whether a YAML value has a type, without conversion. */
export function isOfType(value: unknown, type: ParameterType): boolean {
  switch (type) {
    case 'string':
    case 'secret':
    case 'file':
      return typeof value === 'string';
    case 'integer':
      return isInteger(value);
    case 'number':
      return isNumber(value) && isFiniteNumber(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'json':
      return isJson(value);
  }
}

/** JSON cannot represent Infinity or NaN. */
export function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (isNumber(value)) return isFiniteNumber(value);
  return typeof value === 'object' && Object.values(value).every(isJson);
}

/** `1.0` is not an integer, as in Python. */
export function isInteger(value: unknown): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

/** A double is never greater than every integer. */
function isFiniteNumber(value: ExactNumber): boolean {
  return typeof value === 'bigint' || Number.isFinite(value.valueOf());
}

/** Encodes a value for OpenWhisk's conductor, whose numbers are doubles, so that it arrives unchanged. */
export function sentValue(value: unknown, type: ParameterType): unknown {
  return type === 'json' ? toJson(value) : sentNumber(value);
}

/** Integers beyond 2^53 are sent as text. */
export function sentNumber(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof WholeFloat ? value.valueOf() : value;
}

/** Restrictions of a parameter's values besides their type. */
export type Demands = Pick<PlannedParameter, 'enum' | 'min' | 'max' | 'pattern'>;

/** A value as shown in messages. */
export function shownValue(value: unknown): string {
  const text = value instanceof WholeFloat ? String(value.valueOf()) : toJson(value);
  const characters = [...text];
  return characters.length <= VALUE_SHOWN_MAX_LENGTH
    ? text
    : `${characters.slice(0, VALUE_SHOWN_MAX_LENGTH).join('')}…`;
}

/**
 * The restrictions that a value of the right type violates, each phrased to follow "must". Of patterns only what is
 * certain: they are Python regular expressions, which the run matches.
 */
export function unmetDemands({ enum: choices, min, max, pattern }: Demands, value: unknown): string[] {
  const demands: string[] = [];
  if (choices && !choices.some((choice) => isSame(choice, value))) {
    demands.push(`be one of ${choices.map(shownValue).join(', ')}`);
  }
  const number = value as ExactNumber;
  if ((min !== undefined && number < min) || (max !== undefined && number > max)) {
    if (max === undefined) demands.push(`be at least ${shownValue(min)}`);
    else if (min === undefined) demands.push(`be at most ${shownValue(max)}`);
    else demands.push(`be from ${shownValue(min)} to ${shownValue(max)}`);
  }
  if (pattern !== undefined && isSurelyUnmatched(pattern, String(value))) {
    demands.push(`match the pattern ${pattern} as a whole`);
  }
  return demands;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (isNumber(a) && isNumber(b) && isSameNumber(a, b));
}

/** One line of printable ASCII: for other text, `\w`, `\s`, `.`, `$` and case folding differ between the languages. */
const SAME_EVERYWHERE = /^[\t -~]*$/;

/** Python treats these differently: sets that start with `]`, and groups captured in an earlier iteration. */
const READ_DIFFERENTLY = /\[\^?\]|\\[1-9]/;

/**
 * Whether Python's `re.fullmatch` would not match either. Patterns that JavaScript cannot parse are left to the run.
 */
function isSurelyUnmatched(pattern: string, text: string): boolean {
  if (!SAME_EVERYWHERE.test(text) || READ_DIFFERENTLY.test(pattern)) return false;
  try {
    return !new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    return false;
  }
}
