import type { Parameter } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import {
  FLOW_MODULE_NAMES,
  FLOWSPEC_ATTRIBUTES,
  INVOCATION_KEYS,
  METAFLOW_OPTIONS,
  PYTHON_KEYWORDS,
} from '../model/names.ts';
import type { CheckContext } from './context.ts';

/** Parameters are attributes of the flow, options of Metaflow's command line and keys of an invocation. */
export function checkParameterNames({ flow, report }: CheckContext): void {
  const steps = new Set([...allSteps(flow)].map((step) => step.name?.value));
  for (const { name } of flow.parameters) {
    const { value, span } = name;
    const hint = 'choose another name for the parameter';
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(value)) {
      report.error(
        'bad-parameter-name',
        span,
        `"${value}" cannot be the name of a parameter`,
        'a letter, then letters, digits and underscores',
      );
    } else if (INVOCATION_KEYS.has(value)) {
      report.error('reserved-name', span, `"${value}" means something to nuvopipe when a flow is invoked`, hint);
    } else if (FLOWSPEC_ATTRIBUTES.has(value) || METAFLOW_OPTIONS.has(value)) {
      report.error(
        'reserved-name',
        span,
        `"${value}" means something to Metaflow, so no parameter can have it for a name`,
        hint,
      );
    } else if (PYTHON_KEYWORDS.has(value) || FLOW_MODULE_NAMES.has(value)) {
      report.error(
        'reserved-name',
        span,
        `"${value}" is a word of Python's, so no parameter can have it for a name`,
        hint,
      );
    } else if (steps.has(value)) {
      report.error('name-taken', span, `"${value}" is the name of a step, so no parameter can have it`, hint);
    }
  }
}

const TYPE_NAMES: Record<Parameter['type'], string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  json: 'a JSON value',
  secret: 'text',
  file: 'the path of a file',
};

/** A default is of the parameter's type, and of use. */
export function checkParameterDefaults({ flow, report }: CheckContext): void {
  for (const { name, type, required, default: fallback } of flow.parameters) {
    if (!fallback) continue;
    if (required) {
      const message = `the parameter "${name.value}" is required, so its default is never used`;
      report.error('useless-default', fallback.span, message, 'remove "default" or "required"');
    }
    if (!isOfType(fallback.value, type)) {
      const message = `the default of "${name.value}" has to be ${TYPE_NAMES[type]}`;
      report.error('ill-typed-default', fallback.span, message, type === 'string' ? 'put it in quotes' : undefined);
    }
  }
}

function isOfType(value: unknown, type: Parameter['type']): boolean {
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
