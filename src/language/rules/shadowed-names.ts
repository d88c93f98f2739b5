import type { Foreach, Join, Located, Step } from '../model/flow.ts';
import { walkSteps } from '../model/flow.ts';
import { FAILURE_ARTIFACT, FAILURES_ARTIFACT } from './artifact-flow.ts';
import type { Setter } from './artifact-state.ts';
import type { Check } from './context.ts';

/** A name that hides another is seldom meant to. */
export const checkShadowedNames: Check = ({ flow, report, facts, artifacts }) => {
  if (!facts || !artifacts) return;
  const lineOf = (offset: number) => report.source.position(offset).line;

  const checkItem = (as: Located<string>, element: Foreach, before: Setter | undefined): void => {
    const { value, span } = as;
    if (before) {
      const what = before.isItem ? 'the item of the foreach' : 'the artifact';
      const message = `"${value}" hides ${what} of that name, from line ${lineOf(before.span()[0])}`;
      report.warning(
        'shadowed-name',
        span,
        message,
        'give the item another name: what it hides is lost in these steps',
      );
    }
    for (const step of walkSteps(element.steps)) {
      // A join drops the item, and may well put it back.
      if (step.kind === 'join') continue;
      const setter = artifacts.stepEffect(step).sets.get(value);
      if (!setter) continue;
      const message = `"${setter.step}" sets "${value}", which is the item of the foreach on line ${lineOf(span[0])}`;
      report.warning('shadowed-name', setter.span(), message, 'give the artifact another name');
    }
  };

  function checkCatch({ name, catch: caught, body }: Step | Join, before: Setter | undefined): void {
    if (!caught) return;
    const { value, span } = caught;
    const step = name?.value ?? 'the join';
    const own = body?.kind === 'run' ? facts?.bodies.get(body)?.sets.find((set) => set.name === value) : undefined;
    if (own) {
      const message = `"${step}" sets "${value}" itself, and a step that succeeds sets it to None`;
      report.warning('shadowed-name', span, message, 'catch the failure in an artifact of its own');
    } else if (before) {
      const message = `"${value}" is set on line ${lineOf(before.span()[0])}; where "${step}" succeeds, it is None after it`;
      report.warning('shadowed-name', span, message, 'catch the failure in an artifact of its own');
    }
  }

  artifacts.walk({
    element(element, state) {
      if (element.kind === 'foreach' && element.as) checkItem(element.as, element, state.setterOf(element.as.value));
      if (element.kind === 'step') checkCatch(element, state.setterOf(element.catch?.value ?? ''));
    },
    join(element, { state }) {
      const { join } = element;
      if (join) checkCatch(join, state.setterOf(join.catch?.value ?? ''));
      if (!join?.body || element.kind !== 'foreach' || element.onError !== 'collect') return;
      const setter = artifacts.stepEffect(join).sets.get(FAILURES_ARTIFACT);
      if (!setter) return;
      const message = `"${setter.step}" sets "${FAILURES_ARTIFACT}", where it finds the items that failed`;
      report.warning('shadowed-name', setter.span(), message, 'give the artifact another name');
    },
  });
  for (const step of walkSteps(flow.onFailure)) {
    const setter = artifacts.stepEffect(step).sets.get(FAILURE_ARTIFACT);
    if (!setter) continue;
    const message = `"${setter.step}" sets "${FAILURE_ARTIFACT}", where the steps of onFailure find what happened`;
    report.warning('shadowed-name', setter.span(), message, 'give the artifact another name');
  }
};
