import type { ParameterType, PlannedParameter } from './plan.ts';

/** What a parameter of a type has to be, in the words of `runtime/nuvopipe_runtime/protocol/parameters.py`. */
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
      return Number.isSafeInteger(value);
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'json':
      return isJson(value);
  }
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'object' && Object.values(value).every(isJson);
}

/** What a parameter may demand of its values beside their type. */
export type Demands = Pick<PlannedParameter, 'enum' | 'min' | 'max' | 'pattern'>;

/** Characters of a value in the message that refuses it. */
const SHOWN_MAX = 80;

/** A value as a message shows it. */
export function shownValue(value: unknown): string {
  const text = JSON.stringify(value);
  const characters = [...text];
  return characters.length <= SHOWN_MAX ? text : `${characters.slice(0, SHOWN_MAX).join('')}…`;
}

/**
 * What a value of the right type does not fulfil, each to be read after "has to". Of a pattern only what is sure: it is a
 * regular expression of Python's, which the run matches.
 */
export function unmetDemands({ enum: choices, min, max, pattern }: Demands, value: unknown): string[] {
  const demands: string[] = [];
  if (choices && !choices.includes(value)) demands.push(`be one of ${choices.map(shownValue).join(', ')}`);
  const number = value as number;
  if ((min !== undefined && number < min) || (max !== undefined && number > max)) {
    if (max === undefined) demands.push(`be at least ${min}`);
    else if (min === undefined) demands.push(`be at most ${max}`);
    else demands.push(`be from ${min} to ${max}`);
  }
  if (pattern !== undefined && isSurelyUnmatched(pattern, String(value))) {
    demands.push(`match the pattern ${pattern} as a whole`);
  }
  return demands;
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
