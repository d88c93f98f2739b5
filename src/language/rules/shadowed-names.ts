import type { Foreach, Join, Located, Step } from '../model/flow.ts';
import { walkSteps } from '../model/flow.ts';
import { FAILURE_ARTIFACT, FAILURES_ARTIFACT } from './artifact-flow.ts';
import type { Setter } from './artifact-state.ts';
import type { Check } from './context.ts';

/** A name that hides another one is usually a mistake. */
export const checkShadowedNames: Check = ({ flow, report, facts, artifacts }) => {
  if (!facts || !artifacts) return;
  const lineOf = (offset: number) => report.source.position(offset).line;

  const checkItem = (as: Located<string>, element: Foreach, before: Setter | undefined): void => {
    const { value, span } = as;
    if (before) {
      const what = before.isItem ? 'the item of the foreach' : 'the artifact';
      const message = `"${value}" hides ${what} of the same name on line ${lineOf(before.span()[0])}`;
      report.warning('shadowed-name', span, message, 'rename the item: these steps cannot read the hidden value');
    }
    for (const step of walkSteps(element.steps)) {
      // A join drops the item and can set it again.
      if (step.kind === 'join') continue;
      const setter = artifacts.stepEffect(step).sets.get(value);
      if (!setter) continue;
      const message = `"${setter.step}" sets "${value}", which is the item of the foreach on line ${lineOf(span[0])}`;
      report.warning('shadowed-name', setter.span(), message, 'rename the artifact');
    }
  };

  function checkCatch({ name, catch: caught, body }: Step | Join, before: Setter | undefined): void {
    if (!caught) return;
    const { value, span } = caught;
    const step = name?.value ?? 'the join';
    const own = body?.kind === 'run' ? facts?.bodies.get(body)?.sets.find((set) => set.name === value) : undefined;
    if (own) {
      const message = `"${step}" also sets "${value}", but "catch" sets it to None if the step succeeds`;
      report.warning('shadowed-name', span, message, 'use a separate artifact for the failure');
    } else if (before) {
      const message = `"${value}" is set on line ${lineOf(before.span()[0])}, but becomes None if "${step}" succeeds`;
      report.warning('shadowed-name', span, message, 'use a separate artifact for the failure');
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
      const message = `"${setter.step}" sets "${FAILURES_ARTIFACT}", which holds the failed items`;
      report.warning('shadowed-name', setter.span(), message, 'rename the artifact');
    },
  });
  for (const step of walkSteps(flow.onFailure)) {
    const setter = artifacts.stepEffect(step).sets.get(FAILURE_ARTIFACT);
    if (!setter) continue;
    const message = `"${setter.step}" sets "${FAILURE_ARTIFACT}", which holds the failure of the run`;
    report.warning('shadowed-name', setter.span(), message, 'rename the artifact');
  }
};
