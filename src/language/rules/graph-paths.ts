import type { Element } from '../model/flow.ts';
import { bodiesOf } from '../model/flow.ts';
import type { CheckContext } from './context.ts';

/**
 * Metaflow (2.19.39, `graph.py`) follows every path through a flow when it loads it; a hundred thousand paths take
 * about a second. The runtime does not (`runtime/src/nuvopipe_runtime/execution/flow_graph.py`).
 */
export const PATHS_MAX = 100_000;

/** Consecutive branches and decisions multiply the number of paths. */
export function checkGraphPaths({ flow, report }: CheckContext): void {
  const paths = countPaths(flow.steps);
  if (paths <= PATHS_MAX) return;
  const count = Number.isSafeInteger(paths) ? paths.toLocaleString('en') : 'countless';
  const message = `this flow has ${count} paths, and stock Metaflow follows each one: "python flow.py" would not end`;
  report.warning(
    'too-many-paths',
    flow.stepsSpan,
    message,
    `it still runs on OpenWhisk; stock Metaflow can handle up to ${PATHS_MAX.toLocaleString('en')} paths`,
  );
}

function countPaths(elements: readonly Element[]): number {
  let paths = 1;
  for (const element of elements) {
    if (element.kind === 'step') continue;
    const through = bodiesOf(element).reduce((sum, steps) => sum + countPaths(steps), 0);
    // A loop or skipped foreach can be bypassed; a switch without a default cannot.
    const passedBy = element.kind === 'while' || (element.kind === 'foreach' && element.onEmpty === 'skip');
    paths *= through + (passedBy ? 1 : 0);
  }
  return paths;
}
