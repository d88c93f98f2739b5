import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import type { ParameterType, PlannedParameter } from '../model/plan.ts';
import { didYouMean } from '../syntax/suggest.ts';

/**
 * Turns `name=value` arguments into what the flow is invoked with. A `json` parameter's value may be `@FILE`.
 * @throws UserError that names every argument that does not fit the flow's parameters, and every one that is missing.
 */
export async function readParameters(
  given: readonly string[],
  planned: Record<string, PlannedParameter>,
): Promise<Record<string, unknown>> {
  const problems: Problem[] = [];
  const values = new Map<string, unknown>();
  for (const argument of given) {
    const result = await readArgument(argument, planned, values);
    if ('problem' in result) problems.push(result);
    else values.set(result.name, result.value);
  }
  const named = new Set(given.map(nameOf));
  for (const [name, { required, help }] of Object.entries(planned)) {
    if (required && !named.has(name)) {
      problems.push({
        code: 'missing-parameter',
        problem: `the parameter ${name} is missing${help ? ` (${help})` : ''}`,
        hint: `give it with -p ${name}=VALUE`,
      });
    }
  }
  const [first, ...more] = problems;
  if (first === undefined) return Object.fromEntries(values);
  const message = problems.map(({ problem }) => problem).join('; ');
  throw new UserError(
    first.code,
    message,
    more.length === 0 ? first.hint : `the flow's parameters: ${signature(planned)}`,
  );
}

interface Problem {
  code: string;
  problem: string;
  hint: string;
}

const nameOf = (argument: string) => argument.split('=', 1)[0] as string;

async function readArgument(
  argument: string,
  planned: Record<string, PlannedParameter>,
  values: ReadonlyMap<string, unknown>,
): Promise<{ name: string; value: unknown } | Problem> {
  const name = nameOf(argument);
  if (name === argument || name === '') {
    return { code: 'bad-parameter', problem: `"${argument}" is not name=value`, hint: 'write it as -p name=value' };
  }
  if (!Object.hasOwn(planned, name)) {
    const hint = didYouMean(name, Object.keys(planned)) ?? `the flow's parameters: ${signature(planned)}`;
    return { code: 'unknown-parameter', problem: `the flow has no parameter ${name}`, hint };
  }
  if (values.has(name)) {
    return { code: 'bad-parameter', problem: `the parameter ${name} is given twice`, hint: 'give it once' };
  }
  const { type } = planned[name] as PlannedParameter;
  const value = await readValue[type](argument.slice(name.length + 1));
  if (value !== undefined) return { name, value };
  return { code: 'bad-parameter', problem: `the parameter ${name} is no ${TYPE_NAMES[type]}`, hint: TYPE_HINTS[type] };
}

/** undefined: the text is not of that type. */
const readValue: Record<ParameterType, (text: string) => unknown> = {
  string: (text) => text,
  integer(text) {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(value) ? value : undefined;
  },
  number(text) {
    const value = /\d/.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(value) ? value : undefined;
  },
  boolean: (text) => BOOLEANS.get(text.toLowerCase()),
  json: (text) => (text.startsWith('@') ? jsonFile(text.slice(1)) : parseJson(text)),
};

/** Those that Metaflow takes on its command line (click's BOOL). */
const BOOLEANS = new Map([
  ...['true', 't', '1', 'yes', 'y', 'on'].map((text) => [text, true] as const),
  ...['false', 'f', '0', 'no', 'n', 'off'].map((text) => [text, false] as const),
]);

const TYPE_NAMES: Record<ParameterType, string> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'truth value',
  json: 'JSON',
};

const TYPE_HINTS: Record<ParameterType, string> = {
  string: '',
  integer: `a whole number looks like 42, and is at most ${Number.MAX_SAFE_INTEGER}`,
  number: 'a number looks like 0.5, 3 or 1e-4',
  boolean: 'write true or false',
  json: `quote it for the shell, for example '{"a": [1, 2]}', or give a file: name=@file.json`,
};

async function jsonFile(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new UserError('parameter-file', `the file ${file} cannot be read`, 'check its path', { cause });
  }
  const value = parseJson(text);
  if (value === undefined) throw new UserError('parameter-file', `the file ${file} is not JSON`, 'check its content');
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `days (integer), label (string, required)`. */
function signature(planned: Record<string, PlannedParameter>): string {
  const all = Object.entries(planned).map(
    ([name, { type, required }]) => `${name} (${type}${required ? ', required' : ''})`,
  );
  return all.length === 0 ? 'none' : all.join(', ');
}
