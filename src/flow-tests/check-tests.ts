import { didYouMean } from '../base/suggest.ts';
import type { Diagnostics } from '../language/diagnostics/report.ts';
import { allSteps, type Flow, type Located } from '../language/model/flow.ts';
import { type FlowSteps, stepsOf } from './flow-steps.ts';
import type { Named, TestCase, TestFile } from './test-file.ts';

/** Holds a test file against its flow: steps and parameters that it speaks of have to be there. */
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
    const hint = didYouMean(name.value, known) ?? `its ${kind}s: ${known.join(', ') || 'none'}`;
    report.error(`unknown-${kind}`, name.span, `the flow has no ${kind} "${name.value}"`, hint);
  }
}

function checkMocks({ mocks }: TestCase, steps: FlowSteps, parameters: readonly string[], report: Diagnostics): void {
  for (const { step, sets, results, each } of mocks) {
    if (!checkStep(step, steps, report)) continue;
    if (each && !steps.many.has(step.value)) {
      const message = `"${step.value}" is in no foreach and in no loop, so there is nothing for "each" to be for`;
      report.error('each-of-one', each.span, message, 'write its one mock without each');
    }
    const isCall = steps.calls.has(step.value);
    for (const { value, span } of results) {
      if (isCall === (value === 'returns')) continue;
      const message = isCall
        ? `"${step.value}" is done elsewhere, and only its answer can be mocked`
        : `"${step.value}" calls no action and no flow that could return something`;
      const hint = isCall ? 'write "returns", with what is answered' : 'write "set", with the artifacts that it sets';
      report.error('other-mock', span, message, hint);
    }
    for (const name of sets) {
      if (steps.names.includes(name.value)) {
        report.error('name-taken', name.span, `"${name.value}" is the name of a step, so no artifact can have it`);
      } else if (parameters.includes(name.value)) {
        const hint = 'give it under "parameters"';
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
          ? `"${step.value}" is there already`
          : `"${step.value}" stands before "${steps.names[last]}" in the flow`;
      const hint = 'a path names the steps in the order of the flow file, with the number of their tasks: shout x3';
      report.error('path-order', step.span, message, hint);
    }
    last = Math.max(last, at);
  }
}

function checkStep({ value, span }: Located<string>, { names }: FlowSteps, report: Diagnostics): boolean {
  if (names.includes(value)) return true;
  const hint = didYouMean(value, names) ?? `its steps: ${names.join(', ')}`;
  report.error('unknown-step', span, `the flow has no step "${value}"`, hint);
  return false;
}
