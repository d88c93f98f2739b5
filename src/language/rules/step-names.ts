import { allSteps } from '../model/flow.ts';
import { FLOW_MODULE_NAMES, FLOWSPEC_ATTRIBUTES, PYTHON_KEYWORDS } from '../model/reserved-names.ts';
import type { CheckContext } from './context.ts';

/** Metaflow's rule (`check_step_names` of its linter). */
const STEP_NAME = /^[a-z][a-z0-9_]*$/;

/** Steps are methods of a Metaflow flow. */
export function checkStepNames({ flow, report }: CheckContext): void {
  for (const { name } of allSteps(flow)) {
    if (!name) continue;
    const { value, span } = name;
    if (!STEP_NAME.test(value)) {
      const hint = 'a lower case letter, then lower case letters, digits and underscores';
      report.error('bad-step-name', span, `"${value}" cannot be the name of a step`, hint);
    } else if (FLOWSPEC_ATTRIBUTES.has(value)) {
      const hint = 'choose another name for the step';
      report.error(
        'reserved-name',
        span,
        `"${value}" is an attribute of every Metaflow flow, so no step can have its name`,
        hint,
      );
    } else if (PYTHON_KEYWORDS.has(value) || FLOW_MODULE_NAMES.has(value)) {
      const hint = 'choose another name for the step';
      report.error('reserved-name', span, `"${value}" is a word of Python's, so no step can have it for a name`, hint);
    }
  }
}

/** Metaflow takes a step called `start` for the first and one called `end` for the last, wherever they are. */
export function checkStartAndEnd({ flow, report }: CheckContext): void {
  const first = flow.steps[0];
  const last = flow.steps.at(-1);
  for (const { kind, name } of allSteps(flow)) {
    if (!name) continue;
    if (name.value === 'start' && !(first?.kind === 'step' && first.name === name)) {
      const hint = 'give it another name, or make it the first step';
      report.error('misplaced-start', name.span, 'only the first step can be called start', hint);
    }
    if (name.value === 'end' && !(last?.kind === 'step' && last.name === name)) {
      const why = kind === 'join' ? ', and that of Metaflow cannot be a join' : '';
      report.error('misplaced-end', name.span, `only the last step can be called end${why}`, 'give it another name');
    }
  }
}

/** A step is known by its name alone. */
export function checkDuplicateSteps({ flow, report }: CheckContext): void {
  const lines = new Map<string, number>();
  for (const { name } of allSteps(flow)) {
    if (!name) continue;
    const line = lines.get(name.value);
    if (line === undefined) lines.set(name.value, report.source.position(name.span[0]).line);
    else {
      const hint = 'names are unique in the whole flow, branches and joins included';
      report.error('duplicate-step', name.span, `there is a step "${name.value}" already, on line ${line}`, hint);
    }
  }
}
