import type { Plan, PlannedPool, PlannedStep } from '../../contract/plan.ts';
import { PAUSE_MAX_MS } from '../../contract/protocol.generated.ts';
import { costOf } from './costs.ts';

/** What one lane needs for a part of a flow; for alternatives, the maximum. */
export interface Walk {
  /** Components in consecutive sessions; a foreach counts as one item per lane. */
  components: number;
  /** The same, if only the last attempts succeed. */
  worst: number;
  /** Maximum number of concurrent lanes. */
  lanes: number;
  /** Maximum number of flows started at the same time. */
  starts: number;
  /** Unbounded: a loop without a limit counts as one turn, a called flow as one check. */
  isOpen: boolean;
}

const NOTHING: Walk = { components: 0, worst: 0, lanes: 1, starts: 0, isOpen: false };

/** Computes what every part of a plan needs. Steps only lead forward, except the way back in a loop. */
export class Paths {
  readonly #plan: Plan;
  readonly #from = new Map<string, Walk>();
  readonly #afterLoops = new Map<string, Walk>();

  constructor(plan: Plan) {
    this.#plan = plan;
    for (const name of Object.keys(plan.steps).toReversed()) this.#from.set(name, this.#walk(name));
  }

  /** From a step to the end of its item or turn, or of the flow. */
  from(step: string): Walk {
    return this.#from.get(step) as Walk;
  }

  /** One turn of a loop, and the pause after it. */
  turn(loop: string): Walk {
    const { first, pauseMs = 0 } = this.#plan.loops[loop] as Plan['loops'][string];
    const walk = this.from(first);
    const pauses = Math.ceil(pauseMs / PAUSE_MAX_MS);
    return { ...walk, components: walk.components + pauses, worst: walk.worst + pauses };
  }

  /** From the opened pool to before its join. */
  fork({ kind, first, concurrency }: PlannedPool): Walk {
    const items = first.map((step) => this.from(step));
    const longest = items.reduce(longer, NOTHING);
    if (kind === 'foreach') {
      return { ...longest, lanes: concurrency * longest.lanes, starts: concurrency * longest.starts };
    }
    const rounds = Math.ceil(items.length / concurrency);
    const most = (needs: (item: Walk) => number) =>
      items
        .map(needs)
        .toSorted((a, b) => b - a)
        .slice(0, concurrency)
        .reduce((sum, needed) => sum + needed, 0);
    return {
      ...longest,
      components: longest.components * rounds,
      worst: longest.worst * rounds,
      lanes: most(({ lanes }) => lanes),
      starts: most(({ starts }) => starts),
    };
  }

  #walk(name: string): Walk {
    const step = this.#plan.steps[name] as PlannedStep;
    const own = { ...NOTHING, ...costOf(step), starts: step.call && 'flow' in step.call ? 1 : 0 };
    const { next } = step;
    if ('step' in next) return follow(own, this.#to(next.step, step));
    if ('open' in next) {
      const pool = this.#plan.pools[next.open] as PlannedPool;
      return follow(follow(own, this.fork(pool)), this.from(pool.join));
    }
    if (!('choose' in next)) return own;
    const ended = step.within.find((scope) => next.choose.includes(this.#plan.loops[scope]?.first ?? ''));
    const others = next.choose.filter((chosen) => chosen !== this.#plan.loops[ended ?? '']?.first);
    const following = others.map((chosen) => this.#to(chosen, step)).reduce(longer, NOTHING);
    if (ended === undefined) return follow(own, following);
    this.#afterLoops.set(ended, following);
    return own;
  }

  /** From a step entered from another: all turns of the loop it starts, and what follows. */
  #to(name: string, { within }: PlannedStep): Walk {
    const entered = this.#plan.steps[name]?.within.find(
      (scope) => this.#plan.loops[scope]?.first === name && !within.includes(scope),
    );
    if (entered === undefined) return this.from(name);
    const { max } = this.#plan.loops[entered] as Plan['loops'][string];
    const turn = this.turn(entered);
    const turns = max ?? 1;
    const all = {
      ...turn,
      components: turn.components * turns,
      worst: turn.worst * turns,
      isOpen: turn.isOpen || max === undefined,
    };
    return follow(all, this.#afterLoops.get(entered) ?? NOTHING);
  }
}

/** Combines effects in sequence. */
function follow(first: Walk, then: Walk): Walk {
  return {
    components: first.components + then.components,
    worst: first.worst + then.worst,
    lanes: Math.max(first.lanes, then.lanes),
    starts: Math.max(first.starts, then.starts),
    isOpen: first.isOpen || then.isOpen,
  };
}

/** Alternatives: the maximum of each. */
function longer(a: Walk, b: Walk): Walk {
  return {
    components: Math.max(a.components, b.components),
    worst: Math.max(a.worst, b.worst),
    lanes: Math.max(a.lanes, b.lanes),
    starts: Math.max(a.starts, b.starts),
    isOpen: a.isOpen || b.isOpen,
  };
}
