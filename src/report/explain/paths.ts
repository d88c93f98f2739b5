import type { Plan, PlannedPool, PlannedStep } from '../../model/plan.ts';

/** What a part of a flow needs when it is walked by one lane. */
export interface Walk {
  /** Components that one session after another invokes on the longest path; a foreach counts as one item a lane. */
  components: number;
  /** Lanes that work at the same time at most. */
  lanes: number;
}

/** From a step to the end of its item, or of the flow. */
export function walkFrom(plan: Plan, first: string): Walk {
  let components = 0;
  let lanes = 1;
  let name: string | undefined = first;
  while (name !== undefined) {
    const { next } = plan.steps[name] as PlannedStep;
    components += 1;
    name = 'step' in next ? next.step : undefined;
    if ('open' in next) {
      const pool = plan.pools[next.open] as PlannedPool;
      const fork = walkFork(plan, pool);
      components += fork.components;
      lanes = Math.max(lanes, fork.lanes);
      name = pool.join;
    }
  }
  return { components, lanes };
}

/** From the opened pool to before its join. */
export function walkFork(plan: Plan, { kind, first, concurrency }: PlannedPool): Walk {
  const items = first.map((step) => walkFrom(plan, step));
  const longest = Math.max(...items.map(({ components }) => components));
  if (kind === 'foreach') return { components: longest, lanes: concurrency * (items[0]?.lanes ?? 1) };
  const widest = items.map(({ lanes }) => lanes).toSorted((a, b) => b - a);
  return {
    components: longest * Math.ceil(items.length / concurrency),
    lanes: widest.slice(0, concurrency).reduce((sum, lanes) => sum + lanes, 0),
  };
}
