import type { Body, Element, Flow, Foreach, Resources, Step } from '../model/flow.ts';
import { walk, walkSteps } from '../model/flow.ts';
import { FLOWSPEC_ATTRIBUTES } from '../model/names.ts';
import type { Next } from '../model/plan.ts';

/**
 * The flow as Metaflow has it: a graph of steps. Metaflow wants a step of its own where the language does not: one that opens
 * a fork (a join cannot), one that joins, one that ends the flow (a join cannot). Where the file has none, one is made.
 */
export interface Graph {
  start: string;
  end: string;
  /** In the order of the file: a fork's opener, its items' steps, its join. */
  steps: GraphStep[];
  /** By the name of the step that opens the pool. */
  pools: Map<string, Pool>;
}

export interface GraphStep {
  name: string;
  /** Absent for a step that was made. */
  body?: Body;
  resources: Resources;
  /** Openers of the pools around the step, outermost first. */
  within: string[];
  /** First step of a foreach's item: the artifact to put the item in. */
  bind?: string;
  /** The opener of the pool that this step joins. */
  joins?: string;
  next: Next;
}

export interface Pool {
  opener: string;
  kind: 'foreach' | 'branches';
  over?: string;
  as?: string;
  branches?: string[];
  first: string[];
  last: string[];
  join: string;
  concurrency: number;
}

interface Chain {
  first: GraphStep;
  last: GraphStep;
}

/** Names of branches that go into the name of a fork's steps at most. */
const BRANCHES_IN_NAME_MAX = 3;

/** @param flow without errors: every list has steps, every name is unique */
export function buildGraph(flow: Flow): Graph {
  return new GraphBuilder(flow).build();
}

class GraphBuilder {
  readonly #flow: Flow;
  readonly #steps: GraphStep[] = [];
  readonly #pools = new Map<string, Pool>();
  readonly #taken = new Set<string>(FLOWSPEC_ATTRIBUTES);
  /** How often a name was wanted. */
  readonly #counts = new Map<string, number>();

  constructor(flow: Flow) {
    this.#flow = flow;
    for (const step of walkSteps(flow.steps)) this.#taken.add(step.name.value);
    for (const parameter of flow.parameters) this.#taken.add(parameter.name.value);
    for (const output of flow.outputs) this.#taken.add(output.value);
    for (const element of walk(flow.steps)) {
      if (element.kind !== 'foreach') continue;
      this.#taken.add(element.over.value);
      if (element.as) this.#taken.add(element.as.value);
    }
  }

  build(): Graph {
    const { first, last } = this.#chain(this.#flow.steps, [], this.#flow.resources);
    let end = last;
    if (last.joins !== undefined) {
      end = this.#add({ name: this.#freshName('end'), resources: last.resources, within: [], next: { end: true } });
      last.next = { step: end.name };
    }
    return { start: first.name, end: end.name, steps: this.#steps, pools: this.#pools };
  }

  #chain(elements: readonly Element[], within: string[], resources: Resources): Chain {
    let first: GraphStep | undefined;
    let last: GraphStep | undefined;
    const append = (step: GraphStep): GraphStep => {
      if (last) last.next = { step: step.name };
      first ??= step;
      last = this.#add(step);
      return step;
    };
    for (const element of elements) {
      if (element.kind === 'step') {
        append(this.#step(element, within));
        continue;
      }
      const name = forkName(element);
      const opener: GraphStep =
        last && last.joins === undefined
          ? last
          : append({
              name: this.#freshName(!last && within.length === 0 ? 'start' : name),
              resources: last?.resources ?? resources,
              within,
              next: { end: true },
            });
      last = this.#fork(element, opener, within, name);
    }
    return { first: first as GraphStep, last: last as GraphStep };
  }

  #fork(element: Exclude<Element, Step>, opener: GraphStep, within: string[], name: string): GraphStep {
    opener.next = { open: opener.name };
    const inner = [...within, opener.name];
    const bodies = element.kind === 'foreach' ? [element.steps] : element.branches.map((branch) => branch.steps);
    const chains = bodies.map((steps) => this.#chain(steps, inner, opener.resources));
    for (const { last } of chains) last.next = { done: opener.name };
    const as = element.kind === 'foreach' ? element.as?.value : undefined;
    if (as !== undefined && chains[0]) chains[0].first.bind = as;
    const join = this.#add({
      ...(element.join
        ? this.#step(element.join, within)
        : { name: this.#freshName(`join_${name}`), resources: opener.resources, within, next: { end: true } }),
      joins: opener.name,
    });
    this.#pools.set(opener.name, {
      opener: opener.name,
      kind: element.kind,
      ...(element.kind === 'foreach' && { over: element.over.value }),
      ...(as !== undefined && { as }),
      ...(element.kind === 'branches' && { branches: element.branches.map((branch) => branch.name.value) }),
      first: chains.map(({ first }) => first.name),
      last: chains.map(({ last }) => last.name),
      join: join.name,
      concurrency: element.concurrency,
    });
    return join;
  }

  #step({ name, body, resources }: Step, within: string[]): GraphStep {
    return { name: name.value, body, resources, within, next: { end: true } };
  }

  #add(step: GraphStep): GraphStep {
    this.#steps.push(step);
    return step;
  }

  #freshName(wanted: string): string {
    let name = wanted;
    let count = this.#counts.get(wanted) ?? 1;
    while (this.#taken.has(name)) name = `${wanted}_${++count}`;
    this.#counts.set(wanted, count);
    this.#taken.add(name);
    return name;
  }
}

/** `foreach_titles`, `fork_linear_forest`: in Metaflow's letters. */
function forkName(element: Foreach | Exclude<Element, Step | Foreach>): string {
  const words =
    element.kind === 'foreach'
      ? ['foreach', element.over.value]
      : ['fork', ...element.branches.slice(0, BRANCHES_IN_NAME_MAX).map((branch) => branch.name.value)];
  return words
    .map((word) =>
      word
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '_')
        .replace(/^_+|_+$/g, ''),
    )
    .filter((word) => word !== '')
    .join('_');
}
