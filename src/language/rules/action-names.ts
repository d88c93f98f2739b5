import { ITEM_ATTRIBUTES } from '../../contract/protocol.generated.ts';
import type { Element, Flow, Located, Span } from '../model/flow.ts';
import { allSteps, bodiesOf } from '../model/flow.ts';
import { isArtifactName } from '../model/reserved-names.ts';
import type { Check } from './context.ts';
import { flowNameProblem } from './flow-name.ts';

/**
 * OpenWhisk's `EntityName`: starts with a letter, digit or underscore, and can then also contain spaces, `@`, `.` and
 * `-`.
 */
const ENTITY_NAME = /^[\w](?:[\w@ .-]*[\w@.-])?$/;

/** Checks the names and arguments of actions and flows. */
export const checkActions: Check = ({ flow, report }) => {
  for (const { body } of allSteps(flow)) {
    if (body?.kind !== 'action' && body?.kind !== 'flow') continue;
    if (body.kind === 'action') {
      const { value, span } = body.action;
      const problem = actionNameProblem(value);
      if (problem) report.error('bad-action-name', span, `invalid action name "${value}"`, problem);
    } else {
      const problem = flowNameProblem(body.flow.value);
      const name = body.flow.value.split('/').at(-1) as string;
      const hint = flowNameProblem(name) ? problem?.hint : `write its name alone: ${name}`;
      if (problem) report.error(problem.code, body.flow.span, problem.message, hint);
    }
    for (const { value, span } of body.with.references) checkReference(value, span);
    if (body.kind === 'action') checkNumbers(body.with.value, body.action.span);
  }

  function checkNumbers(value: unknown, span: Span): void {
    if (typeof value === 'bigint') {
      const message = `OpenWhisk's conductor would round ${value}: it cannot pass integers beyond 2^53 to an action`;
      report.error('rounded-number', span, message, `pass it as text: "${value}"`);
    } else if (typeof value === 'object' && value !== null) {
      for (const item of Object.values(value)) checkNumbers(item, span);
    }
  }

  function checkReference(value: string, span: Located<string>['span']): void {
    if (isArtifactName(value) || ITEM_ATTRIBUTES.has(value) || flow.parameters.some(({ name }) => name.value === value))
      return;
    const [head = ''] = value.replace(/^self\./, '').split(/[.[]/);
    const part = value.startsWith('self.') && isArtifactName(value.slice(5));
    const hint = part
      ? `write \${${head}}: a reference never needs "self."`
      : 'use the name of an artifact or parameter; compute anything else in an earlier step';
    report.error('bad-reference', span, `\${${value}} is not a valid reference`, hint);
  }
};

/** A flow that always starts itself never ends. */
export const checkRecursion: Check = ({ flow, report }) => {
  for (const { body } of stepsThatAlwaysRun(flow.steps)) {
    if (body.kind === 'action' && isOwnConductor(body.action.value, flow)) {
      const message = `this step invokes its own flow "${flow.name.value}" in every run, so it would never finish`;
      report.error(
        'endless-recursion',
        body.span,
        message,
        'put the step into a case of a switch, or invoke another action',
      );
    }
    if (body.kind !== 'flow' || body.flow.value !== flow.name.value) continue;
    const hint = 'put the step into a case of a switch, or start another flow';
    if (body.detach) {
      const message = 'this flow always starts itself again, so its runs would never stop';
      report.warning('endless-recursion', body.span, message, hint);
    } else {
      const message = 'this flow always calls itself and waits, so it would never finish';
      report.error('endless-recursion', body.span, message, hint);
    }
  }
};

/** A run that waits for another run of its own flow might hold the slot that the other one needs. */
export const checkRunsWaitForNone: Check = ({ flow, report }) => {
  if (flow.runs?.value.beyond !== 'queue') return;
  for (const { body } of allSteps(flow)) {
    if (body?.kind !== 'flow' || body.flow.value !== flow.name.value || body.detach) continue;
    const message = 'this step waits for another run of its own flow, which might wait for this one because of "runs"';
    report.error('runs-wait', body.span, message, 'add "detach: true", or remove "runs"');
  }
};

/** Steps that every run executes, whatever its artifacts are. */
function* stepsThatAlwaysRun(elements: readonly Element[]): Generator<Extract<Element, { kind: 'step' }>> {
  for (const element of elements) {
    if (element.kind === 'step') yield element;
    const skipped = element.kind === 'foreach' && element.onEmpty === 'skip';
    if (element.kind === 'switch' || element.kind === 'while' || skipped) continue;
    for (const steps of bodiesOf(element)) yield* stepsThatAlwaysRun(steps);
  }
}

function isOwnConductor(action: string, flow: Flow): boolean {
  const [, namespace, name, ...rest] = action.split('/');
  return namespace === '_' && name === flow.name.value && rest.length === 0;
}

/** @returns a hint if the name is invalid */
function actionNameProblem(name: string): string | undefined {
  const parts = name.replace(/^\//, '').split('/');
  const isWellFormed = parts.length <= 3 && parts.every((part) => ENTITY_NAME.test(part));
  if (!isWellFormed) return 'write /namespace/package/name or /namespace/name; the namespace _ stands for your own';
  if (parts.length === 1) return `write /_/${parts[0]} for an action in your namespace`;
  if (name.startsWith('/')) return undefined;
  return parts.length === 2 ? `write /_/${name} for an action in your own package, or /${name}` : `write /${name}`;
}
