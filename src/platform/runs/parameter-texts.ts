import { UserError } from '../../base/errors.ts';
import { exactInteger, parseJson } from '../../base/json.ts';
import { didYouMean } from '../../base/suggest.ts';
import { NOT_UTF8_HINT, readBytes, readTextFile } from '../../base/text-file.ts';
import type { ParameterType, PlannedParameter } from '../../contract/plan.ts';
import { PARAMETERS_MAX_BYTES } from '../../contract/protocol.generated.ts';
import { isJson, PARAMETER_TYPE_NAMES, sentNumber, shownValue, unmetDemands } from '../../language/model/parameters.ts';

/**
 * Converts `name=value` arguments to the parameters of an invocation. The value of a `file` parameter is a path; that
 * of a `json` or `secret` one can be `@FILE`. Errors use the same words as the run itself, which also checks them.
 *
 * Values that OpenWhisk's conductor would change are sent as text: JSON, and integers beyond 2^53. Bytes are sent in
 * base64.
 *
 * @throws UserError that lists all invalid and missing arguments
 */
export async function readParameters(
  given: readonly string[],
  planned: Record<string, PlannedParameter>,
): Promise<Record<string, unknown>> {
  const problems: Problem[] = [];
  const values = new Map<string, unknown>();
  const named = new Set<string>();
  for (const argument of given) {
    const result = await readArgument(argument, planned, named);
    if ('problems' in result) problems.push(...result.problems);
    else values.set(result.name, result.value);
    named.add(nameOf(argument));
  }
  for (const [name, { required, help }] of Object.entries(planned)) {
    if (required && !named.has(name)) {
      problems.push({
        name,
        code: 'missing-parameter',
        problem: `the parameter "${name}" is missing${help ? ` (${help})` : ''}`,
        hint: `add -p ${name}=VALUE`,
      });
    }
  }
  if (problems.length === 0) problems.push(...tooLarge(values, planned));
  const [first, ...more] = inOrder(problems, Object.keys(planned));
  if (first === undefined) return Object.fromEntries(values);
  const message = [first, ...more].map(({ problem }) => problem).join('; ');
  throw new UserError(
    first.code,
    message,
    more.length === 0 ? first.hint : `the flow's parameters: ${signature(planned)}`,
  );
}

interface Problem {
  /** Name of the parameter. */
  name: string;
  code: string;
  problem: string;
  hint?: string;
}

/** In the run's order: the flow's parameters, then unknown names alphabetically. */
function inOrder(problems: readonly Problem[], planned: readonly string[]): Problem[] {
  const place = ({ name }: Problem) => (planned.includes(name) ? planned.indexOf(name) : planned.length);
  return problems.toSorted((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : Number(a.name > b.name)));
}

const nameOf = (argument: string) => argument.split('=', 1)[0] as string;

async function readArgument(
  argument: string,
  planned: Record<string, PlannedParameter>,
  named: ReadonlySet<string>,
): Promise<{ name: string; value: unknown } | { problems: Problem[] }> {
  const name = nameOf(argument);
  const refuse = (code: string, problem: string, hint?: string) => ({
    problems: [{ name, code, problem, ...(hint !== undefined && { hint }) }],
  });
  if (!Object.hasOwn(planned, name)) {
    const hint = didYouMean(name, Object.keys(planned)) ?? `the flow's parameters: ${signature(planned)}`;
    return name === argument || name === ''
      ? refuse('bad-parameter', `invalid parameter "${argument}"`, 'write it as -p name=value')
      : refuse('unknown-parameter', `the flow has no parameter "${name}"`, hint);
  }
  if (name === argument) {
    return refuse('bad-parameter', `the parameter "${name}" has no value`, `write it as -p ${name}=VALUE`);
  }
  if (named.has(name)) {
    return refuse('bad-parameter', `the parameter "${name}" is set twice`, 'remove one of them');
  }
  const parameter = planned[name] as PlannedParameter;
  const { type } = parameter;
  const given = argument.slice(name.length + 1);
  if (parameter.binary) {
    const file = await readBytes(given, PARAMETERS_MAX_BYTES);
    return 'problem' in file
      ? refuse('parameter-file', `the parameter "${name}" cannot be read: ${file.problem}`, file.hint)
      : { name, value: file.bytes.toString('base64') };
  }
  let text = given;
  if (type === 'file' || (given.startsWith('@') && AT_FILE.has(type))) {
    const file = await readTextFile(type === 'file' ? given : given.slice(1), PARAMETERS_MAX_BYTES);
    if ('problem' in file) {
      const hint = type === 'file' && file.hint === NOT_UTF8_HINT ? `${file.hint}; ${BINARY_HINT}` : file.hint;
      return refuse('parameter-file', `the parameter "${name}" cannot be read: ${file.problem}`, hint);
    }
    // Editors and echo end the last line of a file.
    text = type === 'secret' ? file.text.replace(/\r?\n$/, '') : file.text;
  }
  const shown = (value: unknown) => (type === 'secret' ? '' : `, not ${shownValue(value)}`);
  const value = readValue[type](text);
  if (value === undefined) {
    const problem = `the parameter "${name}" must be ${PARAMETER_TYPE_NAMES[type]}${shown(given)}`;
    return refuse('bad-parameter', problem, TYPE_HINTS[type]);
  }
  const unmet = unmetDemands(parameter, value);
  if (unmet.length === 0) return { name, value: type === 'json' ? text : sentNumber(value) };
  return {
    problems: unmet.map((demand) => ({
      name,
      code: 'bad-parameter',
      problem: `the parameter "${name}" must ${demand}${shown(value)}`,
    })),
  };
}

/** Types whose value can be read from a file with `@`. */
const AT_FILE: ReadonlySet<ParameterType> = new Set(['json', 'secret']);

/** undefined: the text does not have that type. */
const readValue: Record<ParameterType, (text: string) => unknown> = {
  string: (text) => text,
  secret: (text) => text,
  file: (text) => text,
  integer: (text) => (/^[+-]?[0-9]+$/.test(text) ? exactInteger(text.replace('+', '')) : undefined),
  number(text) {
    const value = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(value) ? value : undefined;
  },
  boolean: (text) => BOOLEANS.get(text.toLowerCase()),
  json: parsedJson,
};

const BINARY_HINT = 'or declare the parameter with "binary: true" to pass bytes';

/** Values that Metaflow's command line accepts (click's BOOL). */
const BOOLEANS = new Map([
  ...['true', 't', '1', 'yes', 'y', 'on'].map((text) => [text, true] as const),
  ...['false', 'f', '0', 'no', 'n', 'off'].map((text) => [text, false] as const),
]);

const TYPE_HINTS: Partial<Record<ParameterType, string>> = {
  integer: 'write a whole number such as 42',
  number: 'write a number such as 0.5, 3 or 1e-4',
  boolean: 'write true or false',
  json: `quote it for the shell, for example '{"a": [1, 2]}', or pass a file: name=@file.json`,
};

function parsedJson(text: string): unknown {
  try {
    const value = parseJson(text);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Base64 turns three bytes into four. */
const SEALED_PART = 3 / 4;

function tooLarge(values: ReadonlyMap<string, unknown>, planned: Record<string, PlannedParameter>): Problem[] {
  const areSealed = Object.values(planned).some(({ type }) => type === 'secret');
  const maxBytes = Math.floor(PARAMETERS_MAX_BYTES * (areSealed ? SEALED_PART : 1));
  const sizes = [...values].map(([name, value]) => ({ name, bytes: Buffer.byteLength(JSON.stringify(value)) }));
  const bytes = Buffer.byteLength(JSON.stringify(Object.fromEntries(values)));
  const [largest] = sizes.toSorted((a, b) => b.bytes - a.bytes);
  if (bytes <= maxBytes || largest === undefined) return [];
  return [
    {
      name: largest.name,
      code: 'parameters-too-large',
      problem: `the parameters take ${kilobytes(bytes)} of JSON, but an invocation can carry only ${kilobytes(maxBytes)}; the largest is "${largest.name}"`,
      hint: 'put the data into object storage and pass its address',
    },
  ];
}

const kilobytes = (bytes: number) => `${Math.ceil(bytes / 1024)} kB`;

/** `days (integer), label (string, required)`. */
function signature(planned: Record<string, PlannedParameter>): string {
  const all = Object.entries(planned).map(
    ([name, { type, required }]) => `${name} (${type}${required ? ', required' : ''})`,
  );
  return all.length === 0 ? 'none' : all.join(', ');
}
