import { walk } from '../model/flow.ts';
import type { CheckContext } from './context.ts';

/** Something has to be done everywhere; and one branch is no fork (Metaflow takes it for a plain step, and then misses the join). */
export function checkEmptyLists({ flow, report }: CheckContext): void {
  const hint = 'add a step: "- step: name", and below it run or call';
  if (flow.steps.length === 0) report.error('no-steps', flow.stepsSpan, 'the flow has no steps', hint);
  for (const element of walk(flow.steps)) {
    if (element.kind === 'foreach' && element.steps.length === 0) {
      report.error('no-steps', element.stepsSpan, `the foreach over "${element.over.value}" has no steps`, hint);
    }
    if (element.kind !== 'branches') continue;
    for (const { name, steps, stepsSpan } of element.branches) {
      if (steps.length === 0) report.error('no-steps', stepsSpan, `the branch "${name.value}" has no steps`, hint);
    }
    if (element.branches.length < 2) {
      const message = element.branches.length === 0 ? 'there are no branches' : 'one branch alone is no fork';
      report.error('too-few-branches', element.span, message, 'add a branch, or put its steps into the list itself');
    }
  }
}
