import type { Located } from '../model/flow.ts';
import { allElements, allSteps } from '../model/flow.ts';
import { FLOWSPEC_ATTRIBUTES, isArtifactName } from '../model/names.ts';
import type { CheckContext } from './context.ts';

/** What a flow file calls by the name of an artifact has to be one that Metaflow can hold. */
export function checkArtifactNames({ flow, report }: CheckContext): void {
  const steps = new Set([...allSteps(flow)].map((step) => step.name?.value));
  const parameters = new Set(flow.parameters.map((parameter) => parameter.name.value));

  function check({ value, span }: Located<string>, isSet: boolean): void {
    const hint = 'choose another name';
    if (FLOWSPEC_ATTRIBUTES.has(value)) {
      const message = `"${value}" is an attribute of every Metaflow flow, so no artifact can have its name`;
      report.error('reserved-name', span, message, hint);
    } else if (!isArtifactName(value)) {
      report.error(
        'bad-artifact-name',
        span,
        `"${value}" cannot be the name of an artifact`,
        'artifacts are named like variables of Python',
      );
    } else if (steps.has(value)) {
      report.error('name-taken', span, `"${value}" is the name of a step, so no artifact can have it`, hint);
    } else if (isSet && parameters.has(value)) {
      report.error('name-taken', span, `"${value}" is a parameter, and parameters do not change`, hint);
    }
  }

  for (const element of allElements(flow)) {
    if (element.kind !== 'foreach') continue;
    if (element.over.kind === 'artifact') check(element.over.name, false);
    if (element.as) check(element.as, true);
  }
  for (const output of flow.outputs) check(output, false);
}

/** Outputs are told by name. */
export function checkOutputs({ flow, report }: CheckContext): void {
  const seen = new Set<string>();
  for (const { value, span } of flow.outputs) {
    if (seen.has(value))
      report.error('duplicate-output', span, `"${value}" is among the outputs already`, 'keep one of them');
    seen.add(value);
  }
}
