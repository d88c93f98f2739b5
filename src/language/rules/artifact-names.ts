import { FLOWSPEC_ATTRIBUTES } from '../../contract/protocol.generated.ts';
import type { Located } from '../model/flow.ts';
import { allElements, allSteps } from '../model/flow.ts';
import { isArtifactName } from '../model/reserved-names.ts';
import type { CheckContext } from './context.ts';

/** Names used for artifacts must be ones that Metaflow can store. */
export function checkArtifactNames({ flow, report }: CheckContext): void {
  const steps = new Set([...allSteps(flow)].map((step) => step.name?.value));
  const parameters = new Set(flow.parameters.map((parameter) => parameter.name.value));

  function check({ value, span }: Located<string>, isSet: boolean): void {
    const hint = 'choose another name';
    if (FLOWSPEC_ATTRIBUTES.has(value)) {
      const message = `"${value}"is an attribute of every Metaflow flow and cannot be an artifact name`;
      report.error('reserved-name', span, message, hint);
    } else if (!isArtifactName(value)) {
      report.error('bad-artifact-name', span, `invalid artifact name "${value}"`, hintFor(value));
    } else if (steps.has(value)) {
      report.error('name-taken', span, `"${value}" is already the name of a step and cannot be an artifact name`, hint);
    } else if (isSet && parameters.has(value)) {
      report.error('name-taken', span, `"${value}" is a parameter, and parameters cannot be changed`, hint);
    }
  }

  for (const element of allElements(flow)) {
    if (element.kind === 'switch' && element.on.kind === 'artifact') check(element.on.name, false);
    if (element.kind !== 'foreach') continue;
    if (element.over.kind === 'artifact') check(element.over.name, false);
    if (element.as) check(element.as, true);
  }
  for (const step of allSteps(flow)) {
    if (step.catch) check(step.catch, true);
    if (step.kind === 'join') for (const name of step.collect) check(name, true);
    if (step.body && 'result' in step.body && step.body.result) check(step.body.result, true);
  }
  for (const output of flow.outputs) check(output, false);
}

function hintFor(name: string): string {
  if (name.startsWith('_')) return 'names that start with "_" are reserved for the runtime';
  if (name.startsWith('self.')) return `write ${name.slice('self.'.length)} without "self."`;
  return 'use the syntax of Python variable names';
}

/** Rejects duplicates in lists of names. */
export function checkOutputs({ flow, report }: CheckContext): void {
  const seen = new Set<string>();
  for (const { value, span } of flow.outputs) {
    if (seen.has(value))
      report.error('duplicate-output', span, `"${value}" is listed twice under outputs`, 'remove one of them');
    seen.add(value);
  }
  for (const step of allSteps(flow)) {
    if (step.kind !== 'join') continue;
    const collected = new Set<string>();
    for (const { value, span } of step.collect) {
      if (collected.has(value))
        report.error('duplicate-name', span, `"${value}" is collected twice`, 'remove one of them');
      collected.add(value);
    }
  }
}
