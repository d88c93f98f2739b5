import { didYouMean } from '../base/suggest.ts';
import type { Diagnostics } from '../language/diagnostics/report.ts';
import { allSteps, type Flow, type Located } from '../language/model/flow.ts';
import { type FlowSteps, stepsOf } from './flow-steps.ts';
import type { Named, TestCase, TestFile } from './test-file.ts';

/** Checks a test file against its flow: the steps and parameters it names must exist. */
export function checkTestFile(file: TestFile, flow: Flow, report: Diagnostics): void {
  const steps = stepsOf(flow);
  const parameters = flow.parameters.map(({ name }) => name.value);
  const secrets = [flow.settings, ...allSteps(flow)].flatMap((each) => each.secrets.map(({ value }) => value));
  for (const one of file.cases) {
    checkNames('parameter', one.parameters, parameters, report);
    checkNames('secret', one.secrets, [...new Set(secrets)], report);
    checkMocks(one, steps, parameters, report);
    checkExpectations(one, steps, report);
  }
}

function checkNames(kind: string, given: readonly Named[], known: readonly string[], report: Diagnostics): void {
  for (const { name } of given) {
    if (known.includes(name.value)) continue;
    const hint = didYouMean(name.value, known) ?? `the flow's ${kind}s: ${known.join(', ') || 'none'}`;
    report.error(`unknown-${kind}`, name.span, `the flow has no ${kind} "${name.value}"`, hint);
  }
}

function checkMocks({ mocks }: TestCase, steps: FlowSteps, parameters: readonly string[], report: Diagnostics): void {
  for (const { step, sets, results, each } of mocks) {
    if (!checkStep(step, steps, report)) continue;
    if (each && !steps.many.has(step.value)) {
      const message = `"each" has no effect: "${step.value}" is not inside a foreach or loop`;
      report.error('each-of-one', each.span, message, 'write the mock without "each"');
    }
    const isCall = steps.calls.has(step.value);
    for (const { value, span } of results) {
      if (isCall === (value === 'returns')) continue;
      const message = isCall
        ? `"${step.value}" calls an action or a flow, so only its answer can be mocked`
        : `"${step.value}" does not call an action or a flow that could return an answer`;
      const hint = isCall ? 'write "returns" with the answer' : 'write "set" with the artifacts';
      report.error('other-mock', span, message, hint);
    }
    for (const name of sets) {
      if (steps.names.includes(name.value)) {
        report.error('name-taken', name.span, `"${name.value}" is the name of a step, so no artifact can have it`);
      } else if (parameters.includes(name.value)) {
        const hint = 'set it under "parameters"';
        report.error('name-taken', name.span, `"${name.value}" is a parameter, and parameters do not change`, hint);
      }
    }
  }
}

function checkExpectations({ expect }: TestCase, steps: FlowSteps, report: Diagnostics): void {
  for (const { step } of expect.attempts) checkStep(step, steps, report);
  for (const { step, span } of expect.artifacts)
    if (step !== undefined) checkStep({ value: step, span }, steps, report);
  let last = -1;
  for (const { step } of expect.path?.steps ?? []) {
    if (!checkStep(step, steps, report)) continue;
    const at = steps.names.indexOf(step.value);
    if (at <= last) {
      const message =
        at === last
          ? `"${step.value}" is listed twice`
          : `"${step.value}" comes before "${steps.names[last]}" in the flow`;
      const hint = 'list the steps in the order of the flow file, each with its number of tasks: shout x3';
      report.error('path-order', step.span, message, hint);
    }
    last = Math.max(last, at);
  }
}

function checkStep({ value, span }: Located<string>, { names }: FlowSteps, report: Diagnostics): boolean {
  if (names.includes(value)) return true;
  const hint = didYouMean(value, names) ?? `the flow's steps: ${names.join(', ')}`;
  report.error('unknown-step', span, `the flow has no step "${value}"`, hint);
  return false;
}
