import type { Flow, Resources } from '../model/flow.ts';
import type { Plan, PlannedParameter, PlannedPool, PlannedStep, Profile, SourceRange } from '../model/plan.ts';
import type { Graph } from './graph.ts';

/** Steps of a basic block at most: a session may invoke 50 components, so a block is entered with room to finish it. */
export const BLOCK_STEPS_MAX = 40;

/** What the runtime needs around a step's own time: its start, and the artifacts' way to and from S3. */
export const RUNTIME_MARGIN_MS = 15_000;

/**
 * Plans a flow: which steps share an action, and the basic blocks. A block is a run of steps that ends at a fork, a join, a
 * change of profile, or when it is long enough; it is named after its first step.
 */
export function planFlow(
  flow: Flow,
  graph: Graph,
  source: Plan['source'],
  sourceMap: Record<string, SourceRange>,
): Plan {
  const profiles: Record<string, Profile> = {};
  const steps: Record<string, PlannedStep> = {};
  const before = new Map<string, string>();
  const blockLengths = new Map<string, number>();
  for (const { name, next } of graph.steps) if ('step' in next) before.set(next.step, name);
  for (const { name, resources, within, joins, next } of graph.steps) {
    const profile = profileName(resources);
    profiles[profile] ??= {
      action: profile,
      memoryMB: resources.memoryMB,
      timeLimitMs: resources.timeoutMs + RUNTIME_MARGIN_MS,
    };
    const previous = steps[before.get(name) ?? ''];
    const goesOn = previous?.profile === profile && (blockLengths.get(previous.block) ?? 0) < BLOCK_STEPS_MAX;
    const block = goesOn ? previous.block : name;
    blockLengths.set(block, (blockLengths.get(block) ?? 0) + 1);
    steps[name] = {
      block,
      profile,
      timeoutMs: resources.timeoutMs,
      within,
      ...(joins !== undefined && { joins }),
      next,
    };
  }
  return {
    version: 1,
    flow: flow.name.value,
    ...(flow.description !== undefined && { description: flow.description }),
    start: graph.start,
    end: graph.end,
    parameters: Object.fromEntries(
      flow.parameters.map(({ name, type, required, default: fallback, help }): [string, PlannedParameter] => [
        name.value,
        { type, ...(fallback && { default: fallback.value }), required, ...(help !== undefined && { help }) },
      ]),
    ),
    outputs: flow.outputs.map((output) => output.value),
    steps,
    pools: Object.fromEntries(
      [...graph.pools].map(
        ([opener, { kind, over, branches, first, last, join, concurrency }]): [string, PlannedPool] => [
          opener,
          { kind, ...(over !== undefined && { over }), ...(branches && { branches }), first, last, join, concurrency },
        ],
      ),
    ),
    profiles,
    pip: flow.pip.map((requirement) => requirement.value).toSorted(),
    source,
    sourceMap,
  };
}

/** `p512-120s`: what tells one profile from another. */
function profileName({ memoryMB, timeoutMs }: Resources): string {
  return `p${memoryMB}-${timeoutMs % 1000 === 0 ? `${timeoutMs / 1000}s` : `${timeoutMs}ms`}`;
}
