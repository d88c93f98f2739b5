import { sha256 } from '../base/hash.ts';
import type { PlannedCache } from '../contract/plan.ts';
import type { Flow } from '../language/model/flow.ts';
import type { Graph, GraphStep } from './flow-graph.ts';

/**
 * The compiler's part of the key of a step with `cache: true`: artifacts are reused if it is unchanged. Any step can
 * import any of the flow's code files; of the flow file, only the code that the step executes counts.
 *
 * @param textOf a step's part of `flow.py`
 * @param code files: path → content
 */
export function cachedSteps(
  flow: Flow,
  graph: Graph,
  textOf: (step: string) => string,
  code: ReadonlyMap<string, Uint8Array>,
): Map<string, PlannedCache> {
  const steps = graph.steps.filter(({ cache }) => cache);
  const files = steps.length === 0 ? [] : [...code].map(([path, content]) => [path, sha256(content)]).toSorted();
  return new Map(
    steps.map((step): [string, PlannedCache] => {
      const { name, joins, catch: caught } = step;
      const outputs = name === graph.end ? flow.outputs.map(({ value }) => value) : [];
      const made = [textOf(name), joins, caught, step.next, outputs];
      return [name, { code: hash([made, files]), environment: hash(environmentOf(step)) }];
    }),
  );
}

function environmentOf({ settings: { environment } }: GraphStep): unknown {
  const { vars, pip, image } = environment;
  return [
    [...vars].map(([name, { value }]) => [name, value]).toSorted(),
    pip.map(({ value }) => value).toSorted(),
    image?.value,
  ];
}

function hash(value: unknown): string {
  return sha256(JSON.stringify(value));
}
