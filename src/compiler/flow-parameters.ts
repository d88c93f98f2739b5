import { exactFloat, toJson } from '../base/json.ts';
import type { ParameterType, PlannedParameter } from '../contract/plan.ts';
import type { Parameter } from '../language/model/flow.ts';
import { pythonString } from '../language/python/python-text.ts';
import { demandsOf } from '../language/rules/parameter-values.ts';
import { filePath } from './parameter-files.ts';
import { pythonLiteral } from './python-values.ts';

const PYTHON_TYPES: Record<Exclude<ParameterType, 'file'>, string> = {
  string: 'str',
  integer: 'int',
  number: 'float',
  boolean: 'bool',
  json: 'metaflow.JSONType',
  secret: 'str',
};

/**
 * A parameter as an attribute of a Metaflow flow, in one line. A file is an `IncludeFile`, a secret plain text. The
 * run checks restrictions, which Metaflow does not support.
 */
export function parameterLine({ name, type, required, default: fallback, help, binary }: Parameter): string {
  const args = [pythonString(name.value)];
  if (type !== 'file') args.push(`type=${PYTHON_TYPES[type]}`);
  if (binary) args.push('is_text=False');
  if (fallback) args.push(`default=${defaultOf(type, fallback.value)}`);
  if (required) args.push('required=True');
  if (help !== undefined) args.push(`help=${pythonString(help)}`);
  return `${name.value} = metaflow.${type === 'file' ? 'IncludeFile' : 'Parameter'}(${args.join(', ')})`;
}

function defaultOf(type: ParameterType, value: unknown): string {
  if (type === 'json') return pythonString(toJson(value));
  if (type === 'number') return pythonLiteral(exactFloat(Number(value)));
  return type === 'file' ? `_beside(${pythonString(filePath(value))})` : pythonLiteral(value);
}

/** A parameter in the form checked by the runtime and the command line. */
export function plannedParameter(parameter: Parameter): PlannedParameter {
  const { type, required, help, default: fallback } = parameter;
  return {
    type,
    ...(fallback && { default: type === 'file' ? filePath(fallback.value) : fallback.value }),
    required,
    ...(help !== undefined && { help }),
    ...demandsOf(parameter),
    ...(parameter.binary && { binary: true as const }),
  };
}
