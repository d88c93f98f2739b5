import { identityOf, WholeFloat } from '../../base/json.ts';
import type { ParameterType } from '../../contract/plan.ts';
import {
  FLOW_MODULE_NAMES,
  FLOWSPEC_ATTRIBUTES,
  INVOCATION_KEYS,
  METAFLOW_OPTIONS,
  PYTHON_KEYWORDS,
} from '../../contract/protocol.generated.ts';
import type { Parameter } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import {
  type Demands,
  isInteger,
  isOfType,
  PARAMETER_TYPE_NAMES,
  shownValue,
  unmetDemands,
} from '../model/parameters.ts';
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
        `invalid parameter name "${value}"`,
        'use letters, digits and underscores, starting with a letter',
      );
    } else if (INVOCATION_KEYS.has(value)) {
      report.error('reserved-name', span, `"${value}" is reserved for nuvopipe and cannot be a parameter name`, hint);
    } else if (FLOWSPEC_ATTRIBUTES.has(value) || METAFLOW_OPTIONS.has(value)) {
      report.error('reserved-name', span, `"${value}" is reserved for Metaflow and cannot be a parameter name`, hint);
    } else if (PYTHON_KEYWORDS.has(value) || FLOW_MODULE_NAMES.has(value)) {
      report.error(
        'reserved-name',
        span,
        `"${value}" is a reserved word in Python and cannot be a parameter name`,
        hint,
      );
    } else if (steps.has(value)) {
      report.error('name-taken', span, `"${value}" is already the name of a step and cannot be a parameter name`, hint);
    }
  }
}

/** A default must have the parameter's type, satisfy its restrictions and have an effect. */
export function checkParameterDefaults({ flow, report, facts }: CheckContext): void {
  for (const parameter of flow.parameters) {
    const { name, type, required, default: fallback } = parameter;
    if (!fallback) continue;
    if (required) {
      const message = `the parameter "${name.value}" is required, so its default is never used`;
      report.error('useless-default', fallback.span, message, 'remove "default" or "required"');
    }
    if (type === 'secret') {
      const message = `the secret "${name.value}" cannot have a default: it would be readable in the flow file and the bundle`;
      const hint = `pass it when you start a run, or list it under the flow's "secrets" so that a deploy puts it into the environment of steps`;
      report.error('secret-default', fallback.span, message, hint);
    } else if (fallback.notJson) {
      const { value, span } = fallback.notJson;
      const message = `the default of "${name.value}" must be JSON, which cannot represent ${value}`;
      report.error('ill-typed-default', span, message, 'write a number, or put it in quotes');
    } else if (!isOfType(fallback.value, type)) {
      const expected = type === 'file' ? 'the path of a file' : PARAMETER_TYPE_NAMES[type];
      const hint = hintForType(type, fallback.value);
      report.error('ill-typed-default', fallback.span, `the default of "${name.value}" must be ${expected}`, hint);
    } else {
      for (const demand of unmet(parameter, fallback.value, facts)) {
        const message = `the default of "${name.value}" must ${demand}, not ${shownValue(fallback.value)}`;
        report.error('unmet-default', fallback.span, message);
      }
    }
  }
}

const KEYS = ['enum', 'min', 'max', 'pattern'] as const;

/** The parameter types that a key applies to. */
const TYPES_OF: Record<(typeof KEYS)[number], ParameterType[]> = {
  enum: ['string', 'integer', 'number'],
  min: ['integer', 'number'],
  max: ['integer', 'number'],
  pattern: ['string', 'secret'],
};

/** The restrictions of a parameter must fit its type and be satisfiable. */
export function checkParameterDemands({ flow, report, facts }: CheckContext): void {
  for (const parameter of flow.parameters) {
    const { name, type, min, max, pattern } = parameter;
    for (const key of KEYS) {
      const types = TYPES_OF[key];
      const found = parameter[key];
      if (!found || types.includes(type)) continue;
      const listed = new Intl.ListFormat('en').format(types);
      const message = `"${key}" applies only to parameters of type ${listed}; "${name.value}" has type ${type}`;
      report.error('misplaced-key', found.span, message, hintFor(key, type));
    }
    if (parameter.binary && type !== 'file') {
      const message = `"binary" applies only to parameters of type file; "${name.value}" has type ${type}`;
      report.error('misplaced-key', parameter.binary, message, 'remove it');
    }
    for (const [key, limit] of [
      ['min', min],
      ['max', max],
    ] as const) {
      if (!limit || type !== 'integer' || isInteger(limit.value)) continue;
      const value = Number(limit.value);
      const message = `the "${key}" of "${name.value}" must be a whole number`;
      const hint = `write ${key === 'min' ? Math.ceil(value) : Math.floor(value)}`;
      report.error('ill-typed-limit', limit.span, message, Number.isFinite(value) ? hint : undefined);
    }
    if (min && max && min.value > max.value) {
      const message = `the "min" of "${name.value}" (${min.value}) is greater than its "max" (${max.value})`;
      report.error('empty-range', max.span, message, 'swap "min" and "max"');
    }
    const problem = pattern && facts?.patterns.get(parameter)?.problem;
    if (problem) report.error('bad-pattern', pattern.span, `invalid Python regular expression: ${problem}`);
    if (TYPES_OF.enum.includes(type)) checkChoices(parameter, { report, facts });
  }
}

function checkChoices(parameter: Parameter, { report, facts }: Pick<CheckContext, 'report' | 'facts'>): void {
  const { name, type, enum: choices } = parameter;
  const seen = new Set<unknown>();
  for (const { value, span } of choices?.value ?? []) {
    if (!isOfType(value, type)) {
      const message = `each value of "${name.value}" must be ${PARAMETER_TYPE_NAMES[type]}`;
      report.error('ill-typed-choice', span, message, hintForType(type, value));
    } else if (seen.has(identityOf(value))) {
      report.error('duplicate-choice', span, `${shownValue(value)} is listed twice`, 'remove one');
    } else {
      for (const demand of unmet(parameter, value, facts)) {
        report.error('useless-choice', span, `${shownValue(value)} can never be used: "${name.value}" must ${demand}`);
      }
    }
    seen.add(identityOf(value));
  }
}

function hintForType(type: ParameterType, value: unknown): string | undefined {
  if (type === 'string') return 'put it in quotes';
  return type === 'integer' && value instanceof WholeFloat ? `write ${value.valueOf()}` : undefined;
}

/** Secrets must only be passed to places where nobody else can see them. */
export function checkSecretParameters({ flow, report }: CheckContext): void {
  const secrets = new Set(flow.parameters.flatMap(({ name, type }) => (type === 'secret' ? [name.value] : [])));
  if (secrets.size === 0) return;
  for (const { value, span } of flow.outputs) {
    if (!secrets.has(value)) continue;
    const message = `"${value}" is a secret, but outputs appear in answers and activation records`;
    report.error('secret-shown', span, message, 'remove it from the outputs');
  }
  for (const { body } of allSteps(flow)) {
    if (body?.kind !== 'action' && body?.kind !== 'flow') continue;
    for (const { value, span } of body.with.references) {
      if (!secrets.has(value)) continue;
      const message = `"${value}" is a secret, but the arguments of ${body.kind === 'action' ? 'an action' : 'a flow'} appear in activation records`;
      const hint =
        body.kind === 'action'
          ? 'bind it to the action as a default parameter, or call the service from a run or call step'
          : 'list it under "secrets" of the other flow';
      report.error('secret-shown', span, message, hint);
    }
  }
  const required = flow.parameters.find((parameter) => parameter.type === 'secret' && parameter.required);
  for (const { name } of required ? flow.triggers : []) {
    const message = `every event of "${name.value}" would have to contain the secret "${required?.name.value}", and OpenWhisk records events`;
    report.warning(
      'secret-shown',
      name.span,
      message,
      'list it under the flow\'s "secrets" and pass it to nuvopipe deploy',
    );
  }
  for (const { parameters } of flow.schedules) {
    for (const name of Object.keys(parameters.value)) {
      if (!secrets.has(name)) continue;
      const message = `"${name}" is a secret, but schedules appear in the flow file and in activation records`;
      report.error(
        'secret-shown',
        parameters.span,
        message,
        'list it under the flow\'s "secrets" and pass it to nuvopipe deploy',
      );
    }
  }
}

/** The restrictions of a parameter, without positions. */
export function demandsOf({ enum: choices, min, max, pattern }: Parameter): Demands {
  return {
    ...(choices && { enum: choices.value.map(({ value }) => value) }),
    ...(min && { min: min.value }),
    ...(max && { max: max.value }),
    ...(pattern && { pattern: pattern.value }),
  };
}

/** The restrictions that a value of the right type violates, each phrased to follow "must". */
function unmet(parameter: Parameter, value: unknown, facts: CheckContext['facts']): string[] {
  // Python knows more about patterns.
  const { pattern, ...others } = demandsOf(parameter);
  const demands = unmetDemands(others, value);
  if (facts?.patterns.get(parameter)?.unmatched.includes(String(value))) {
    demands.push(`match the pattern ${pattern} as a whole`);
  }
  return demands;
}

/** The likely intention of a key that does not apply to the parameter's type. */
function hintFor(key: (typeof KEYS)[number], type: ParameterType): string {
  const isLimit = key === 'min' || key === 'max';
  if (type === 'string' && isLimit) return `remove it; to limit the length of text, use a pattern: "pattern: .{1,20}"`;
  if (key === 'pattern' && TYPES_OF.min.includes(type)) return 'remove it; for numbers, use "min" and "max"';
  if (key === 'enum' && type === 'secret') return 'remove it: it would reveal possible values of the secret';
  return 'remove it';
}
