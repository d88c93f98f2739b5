import type { Plan, PlannedStep } from '../../contract/plan.ts';

/**
 * The steps that every item of a pool goes through, whatever its tasks decide: no way around them leads to the end of the item.
 * Those of pools and loops inside the item are not among them.
 *
 * @param opener the step that opens the pool
 */
export function certainSteps(plan: Plan, opener: string): Set<string> {
  const order = new Map(Object.keys(plan.steps).map((step, index) => [step, index]));
  const certain = new Set<string>();
  for (const first of plan.pools[opener]?.first ?? []) {
    for (const step of unavoidable(plan, first, order)) {
      if (plan.steps[step]?.within.at(-1) === opener) certain.add(step);
    }
  }
  return certain;
}

/**
 * The steps that every way from `first` goes through. The plan has the steps in the order of the flow, so that all ways but
 * another turn of a loop lead forwards: where all ways that are open end at one step, that step is unavoidable.
 */
function* unavoidable(plan: Plan, first: string, order: ReadonlyMap<string, number>): Iterable<string> {
  const indexOf = (step: string) => order.get(step) as number;
  const following = new Map<string, string[]>();
  const pending = [first];
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    if (following.has(step)) continue;
    const at = indexOf(step);
    const next = nextInItem(plan, step).filter((target) => indexOf(target) > at);
    following.set(step, next);
    pending.push(...next);
  }
  const open = new Set([first]);
  for (const step of [...following.keys()].sort((a, b) => indexOf(a) - indexOf(b))) {
    open.delete(step);
    if (open.size === 0) yield step;
    for (const target of following.get(step) ?? []) open.add(target);
  }
}

/** The steps that may follow one in the same item; after a fork its join. */
function nextInItem({ steps, pools }: Plan, step: string): string[] {
  const { next } = steps[step] as PlannedStep;
  if ('step' in next) return [next.step];
  if ('choose' in next) return next.choose;
  if ('open' in next) return [pools[next.open]?.join as string];
  return [];
}
