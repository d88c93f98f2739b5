import { type ExactNumber, isNumber, isSameNumber, toJson, WholeFloat } from '../../base/json.ts';
import type { ParameterType, PlannedParameter } from '../../contract/plan.ts';
import { VALUE_SHOWN_MAX_LENGTH } from '../../contract/protocol.generated.ts';

/** What a parameter of a type has to be, in the words of `runtime/src/nuvopipe_runtime/protocol/values/parameters.py`. */
export const PARAMETER_TYPE_NAMES: Record<ParameterType, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  json: 'JSON',
  secret: 'text',
  file: 'text',
};

/** Whether a value that YAML gave is of a type, without being read as one. */
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

/** JSON has no infinity and no NaN. */
export function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (isNumber(value)) return isFiniteNumber(value);
  return typeof value === 'object' && Object.values(value).every(isJson);
}

/** `1.0` is none, as in Python. */
export function isInteger(value: unknown): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

/** No double is beyond an integer of any length. */
function isFiniteNumber(value: ExactNumber): boolean {
  return typeof value === 'bigint' || Number.isFinite(value.valueOf());
}

/** A value of a type as a client sends it, so that OpenWhisk's conductor, whose numbers are doubles, does not alter it. */
export function sentValue(value: unknown, type: ParameterType): unknown {
  return type === 'json' ? toJson(value) : sentNumber(value);
}

/** Integers beyond 2^53 are sent as text. */
export function sentNumber(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof WholeFloat ? value.valueOf() : value;
}

/** What a parameter may demand of its values beside their type. */
export type Demands = Pick<PlannedParameter, 'enum' | 'min' | 'max' | 'pattern'>;

/** A value as a message shows it. */
export function shownValue(value: unknown): string {
  const text = value instanceof WholeFloat ? String(value.valueOf()) : toJson(value);
  const characters = [...text];
  return characters.length <= VALUE_SHOWN_MAX_LENGTH
    ? text
    : `${characters.slice(0, VALUE_SHOWN_MAX_LENGTH).join('')}…`;
}

/**
 * What a value of the right type does not fulfil, each to be read after "has to". Of a pattern only what is sure: it is a
 * regular expression of Python's, which the run matches.
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

/** One line of printable ASCII: elsewhere `\w`, `\s`, `.`, `$` and the cases of letters differ between the languages. */
const SAME_EVERYWHERE = /^[\t -~]*$/;

/** Read in another way by Python: sets that begin with `]`, and what a group held in an earlier turn. */
const READ_DIFFERENTLY = /\[\^?\]|\\[1-9]/;

/** Whether Python's `re.fullmatch` finds no match either. What JavaScript does not understand is left to the run. */
function isSurelyUnmatched(pattern: string, text: string): boolean {
  if (!SAME_EVERYWHERE.test(text) || READ_DIFFERENTLY.test(pattern)) return false;
  try {
    return !new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    return false;
  }
}
