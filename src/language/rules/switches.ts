import { identityOf, isNumber } from '../../base/json.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { ParameterType } from '../../contract/plan.ts';
import type { Parameter, Span, Switch } from '../model/flow.ts';
import { allElements } from '../model/flow.ts';
import { PARAMETER_TYPE_NAMES } from '../model/parameters.ts';
import type { Check, CheckContext } from './context.ts';

/** Checks that every case of a switch can occur and has an effect. */
export const checkSwitches: Check = ({ flow, report, facts }) => {
  for (const element of allElements(flow)) {
    if (element.kind !== 'switch') continue;
    checkDuplicates(element, report);
    const { cases, default: fallback, on, span } = element;
    if (cases.length > 0 && cases.every(({ steps }) => steps.length === 0) && !fallback?.length) {
      report.warning(
        'empty-switch',
        span,
        'no case of this switch has steps',
        'remove the switch, or add steps to a case',
      );
    }
    if (on.kind === 'artifact') {
      const parameter = flow.parameters.find(({ name }) => name.value === on.name.value);
      if (parameter) checkParameter(element, parameter, on.name.span, report);
    }
    const found = on.kind === 'expression' ? facts?.expressions.get(on.code) : undefined;
    if (on.kind !== 'expression' || !found || found.problem) continue;
    if (found.constant) {
      const hint = 'use an expression that depends on self, or the name of an artifact';
      report.warning('constant-switch', on.code.span, 'the value of this switch is the same in every run', hint);
    } else if (found.boolean) checkBoolean(element, report);
  }
};

type Report = CheckContext['report'];

function checkDuplicates({ cases }: Switch, report: Report): void {
  const seen = new Set<unknown>();
  for (const { value } of cases) {
    if (seen.has(identityOf(value.value))) {
      const message = `duplicate case ${shown(value.value)}`;
      report.error('duplicate-case', value.span, message, 'remove one of them');
    }
    seen.add(identityOf(value.value));
  }
}

/** For parameters with known values. */
function checkParameter(
  { cases, default: fallback, span }: Switch,
  parameter: Parameter,
  place: Span,
  report: Report,
): void {
  const choices =
    parameter.type === 'boolean' ? [true, false] : parameter.enum?.value.map(({ value }) => identityOf(value));
  const name = parameter.name.value;
  if (!choices) {
    checkTypes(cases, parameter, report);
    return;
  }
  const isOptional = !parameter.required && parameter.default === undefined;
  const possible = new Set<unknown>([...choices, ...(isOptional ? [null] : [])]);
  for (const { value } of cases) {
    const identity = identityOf(value.value);
    if (possible.delete(identity) || choices.includes(identity)) continue;
    const meant = choices.find((choice) => String(choice) === String(value.value));
    const near = meant === undefined ? didYouMean(String(value.value), choices.map(String)) : `write ${shown(meant)}`;
    const hint = near ?? `"${name}" can be ${choices.map(shown).join(', ')}`;
    report.warning('unreachable-case', value.span, `the parameter "${name}" is never ${shown(value.value)}`, hint);
  }
  if (fallback && possible.size === 0) {
    const message = `the default is never used: every value of "${name}" has a case`;
    report.warning('unreachable-case', span, message, 'remove it');
  } else if (!fallback && possible.size > 0) {
    const which = [...possible].map((value) => (value === null ? `runs without "${name}"` : shown(value)));
    const message = `no case for ${which.join(' or ')}, and no default: such a run fails here`;
    report.warning('missing-case', place, message, 'add a case, or "default: []" to do nothing');
  }
}

/** Cases whose type differs from the parameter's. */
function checkTypes(
  cases: Switch['cases'],
  { name, type, required, default: fallback }: Parameter,
  report: Report,
): void {
  if (type === 'json') return;
  const isText = PARAMETER_TYPE_NAMES[type] === PARAMETER_TYPE_NAMES.string;
  const isOptional = !required && fallback === undefined;
  for (const { value } of cases) {
    const { value: wanted, span } = value;
    const fits = wanted === null ? isOptional : isText ? typeof wanted === 'string' : isOfNumber(wanted, type);
    if (fits) continue;
    const written = isText ? `"${String(wanted)}"` : String(wanted);
    const hint =
      isText || /^-?\d+(\.\d+)?$/.test(written) ? `write ${written}` : `its cases are ${isText ? 'text' : 'numbers'}`;
    const message = `the parameter "${name.value}" is ${PARAMETER_TYPE_NAMES[type]}, never ${shown(wanted)}`;
    report.warning('unreachable-case', span, message, hint);
  }
}

function isOfNumber(value: unknown, type: ParameterType): boolean {
  return isNumber(value) && (type === 'number' || typeof value === 'bigint' || Number.isInteger(value.valueOf()));
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(value);
}

/** For conditions. */
function checkBoolean({ cases, default: fallback, span }: Switch, report: Report): void {
  const left = new Set([true, false]);
  for (const { value } of cases) {
    if (typeof value.value === 'boolean') {
      left.delete(value.value);
      continue;
    }
    const word = String(value.value).toLowerCase();
    const hint =
      word === 'true' || word === 'false'
        ? `write ${word}, without quotes`
        : word === 'yes' || word === 'no'
          ? `write ${word === 'yes' ? 'true' : 'false'}: in YAML 1.2, "${word}" is text`
          : 'its cases are true and false';
    report.warning(
      'unreachable-case',
      value.span,
      `the value of this switch is true or false, never ${shown(value.value)}`,
      hint,
    );
  }
  const [missing] = left;
  if (left.size === 0 && fallback) {
    report.warning(
      'unreachable-case',
      span,
      'the default is never used: there are cases for true and false',
      'remove it',
    );
  } else if (missing !== undefined && !fallback) {
    const which = left.size === 2 ? 'true or false' : String(missing);
    const message = `no case for ${which}, and no default: such a run fails here`;
    report.warning('missing-case', span, message, 'add "default: []" to do nothing');
  }
}
