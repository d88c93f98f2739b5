import { FLOW_MODULE_NAMES, FLOWSPEC_ATTRIBUTES, PYTHON_KEYWORDS } from '../../contract/protocol.generated.ts';
import { allSteps } from '../model/flow.ts';
import type { CheckContext } from './context.ts';

/** Metaflow's rule (`check_step_names` in its linter). */
const STEP_NAME = /^[a-z][a-z0-9_]*$/;

/** Steps are methods of a Metaflow flow. */
export function checkStepNames({ flow, report }: CheckContext): void {
  for (const { name } of allSteps(flow)) {
    if (!name) continue;
    const { value, span } = name;
    if (!STEP_NAME.test(value)) {
      const hint = 'use lower-case letters, digits and underscores, starting with a letter';
      report.error('bad-step-name', span, `invalid step name "${value}"`, hint);
    } else if (FLOWSPEC_ATTRIBUTES.has(value)) {
      const hint = 'choose another name for the step';
      report.error(
        'reserved-name',
        span,
        `"${value}" is an attribute of every Metaflow flow and cannot be a step name`,
        hint,
      );
    } else if (PYTHON_KEYWORDS.has(value) || FLOW_MODULE_NAMES.has(value)) {
      const hint = 'choose another name for the step';
      report.error('reserved-name', span, `"${value}" is a reserved word in Python and cannot be a step name`, hint);
    }
  }
}

/** Metaflow takes the step `start` for the first and `end` for the last, wherever they are. */
export function checkStartAndEnd({ flow, report }: CheckContext): void {
  const first = flow.steps[0];
  const last = flow.steps.at(-1);
  for (const { kind, name } of allSteps(flow)) {
    if (!name) continue;
    if (name.value === 'start' && !(first?.kind === 'step' && first.name === name)) {
      const hint = 'rename it, or make it the first step';
      report.error('misplaced-start', name.span, 'only the first step can be named start', hint);
    }
    if (name.value === 'end' && !(last?.kind === 'step' && last.name === name)) {
      const why = kind === 'join' ? ', and it cannot be a join' : '';
      report.error('misplaced-end', name.span, `only the last step can be named end${why}`, 'choose another name');
    }
  }
}

/** Steps are identified by name alone. */
export function checkDuplicateSteps({ flow, report }: CheckContext): void {
  const lines = new Map<string, number>();
  for (const { name } of allSteps(flow)) {
    if (!name) continue;
    const line = lines.get(name.value);
    if (line === undefined) lines.set(name.value, report.source.position(name.span[0]).line);
    else {
      const hint = 'rename one: step names must be unique in the whole flow, including branches and joins';
      report.error(
        'duplicate-step',
        name.span,
        `duplicate step name "${name.value}", first used on line ${line}`,
        hint,
      );
    }
  }
}
