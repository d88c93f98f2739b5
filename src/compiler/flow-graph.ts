import type { MinSuccess, Next } from '../contract/plan.ts';
import { FLOWSPEC_ATTRIBUTES } from '../contract/protocol.generated.ts';
import type {
  Body,
  Branches,
  Code,
  Element,
  Flow,
  Foreach,
  Join,
  Loop,
  Retry,
  Step,
  StepSettings,
  Switch,
  Value,
} from '../language/model/flow.ts';
import { allElements, allSteps } from '../language/model/flow.ts';

/**
 * The flow as a graph of Metaflow steps. Metaflow needs a separate step in places where the language does not: to
 * open a fork or decide (a join can do neither), to join, and to end an item or the flow (a join or a decision
 * cannot). If the file has none, a synthetic step is inserted.
 */
export interface Graph {
  start: string;
  end: string;
  /** In file order: a fork's opener, the steps of its items, its join. */
  steps: GraphStep[];
  /** Keyed by the name of the step that opens the pool. */
  pools: Map<string, Pool>;
  /** Keyed by the name of the scope. */
  loops: Map<string, LoopScope>;
  /** The `onFailure` steps in sequence; not part of Metaflow's graph. */
  onFailure: GraphStep[];
}

export interface GraphStep {
  name: string;
  /** Absent for synthetic steps and for joins that only collect. */
  body?: Body;
  /** For joins. */
  collect?: string[];
  settings: StepSettings;
  retry?: Retry;
  /** The artifact that gets the failure. */
  catch?: string;
  /** Whether an earlier task's artifacts are reused. */
  cache?: true;
  /** Pools (by their openers) and loops around the step, outermost first. */
  within: string[];
  /** For the first step of a foreach's item: the artifact that receives the item. */
  bind?: string;
  /** The opener of the pool that this step joins. */
  joins?: string;
  /** Artifacts to set to empty lists: those that a skipped foreach would have collected. */
  empties?: string[];
  /** The list of a foreach that does not exist yet: this step creates it. */
  makes?: Items;
  /** The decision of the step, and what follows each outcome. */
  decision?: Decision;
  next: Next;
}

/** The list of a foreach that is not an artifact: it gets one with a hidden name. */
export interface Items {
  artifact: string;
  from: { kind: 'list'; values: unknown[] } | { kind: 'expression'; code: Code };
}

export interface Decision {
  test: Test;
  options: Option[];
}

/** A possible outcome of a decision. */
export interface Option {
  label: string;
  /** The step that follows. */
  to: string;
}

export type Test =
  | { kind: 'switch'; on: Value; cases: { label: string; value: unknown }[]; default?: string }
  | { kind: 'loop'; loop: string; entering: boolean }
  | { kind: 'items'; artifact: string };

export interface LoopScope {
  kind: Loop['kind'];
  condition: Code;
  max?: number;
  pauseMs?: number;
  /** First step of a turn. */
  first: string;
}

export interface Pool {
  opener: string;
  kind: 'foreach' | 'branches';
  /** For foreach: the artifact that holds the items. */
  over?: string;
  as?: string;
  branches?: string[];
  first: string[];
  last: string[];
  join: string;
  concurrency: number;
  batch?: number;
  collectsFailures?: boolean;
  minSuccess?: MinSuccess;
}

/** Labels for the outcomes of loops and lists. */
export const TURN = 'turn';
export const DONE = 'done';
export const SOME = 'some';
export const NONE = 'none';

/** Hidden artifact of a foreach's opener. */
export function itemsArtifact(opener: string): string {
  return `_items_${opener}`;
}

/** A step whose successor is still open, or one option of its decision. */
interface End {
  step: GraphStep;
  option?: Option;
}

interface Chain {
  first?: GraphStep;
  ends: End[];
}

/** Maximum number of branch names in the name of a fork's steps. */
const BRANCHES_IN_NAME_MAX = 3;

/**
 * Names that code might set as artifacts, which synthetic steps must not have: to Metaflow, both are attributes of
 * the flow.
 */
const ON_SELF = /\bself\s*\.\s*([A-Za-z_]\w*)/g;

/** @param flow without errors: every list has steps, every name is unique */
export function buildGraph(flow: Flow): Graph {
  return new GraphBuilder(flow).build();
}

class GraphBuilder {
  readonly #flow: Flow;
  readonly #steps: GraphStep[] = [];
  readonly #pools = new Map<string, Pool>();
  readonly #loops = new Map<string, LoopScope>();
  readonly #taken = new Set<string>(FLOWSPEC_ATTRIBUTES);
  /** How often a name was requested. */
  readonly #counts = new Map<string, number>();

  constructor(flow: Flow) {
    this.#flow = flow;
    for (const step of allSteps(flow)) {
      const { name, catch: caught, body } = step;
      if (name) this.#taken.add(name.value);
      if (caught) this.#taken.add(caught.value);
      if (step.kind === 'join') for (const { value } of step.collect) this.#taken.add(value);
      if (body?.kind === 'run') for (const [, found] of body.text.matchAll(ON_SELF)) this.#taken.add(found as string);
      else if (body && 'result' in body && body.result) this.#taken.add(body.result.value);
    }
    for (const { name } of flow.parameters) this.#taken.add(name.value);
    for (const output of flow.outputs) this.#taken.add(output.value);
    for (const element of allElements(flow)) {
      if (element.kind === 'switch' && element.on.kind === 'artifact') this.#taken.add(element.on.name.value);
      if (element.kind !== 'foreach') continue;
      if (element.over.kind === 'artifact') this.#taken.add(element.over.name.value);
      if (element.as) this.#taken.add(element.as.value);
    }
  }

  build(): Graph {
    const { steps, onFailure, settings } = this.#flow;
    const chain = this.#chain(steps, [], settings, 'start');
    const last = onlyStep(chain);
    const end = last && last.joins === undefined ? last : this.#make(chain, 'end', [], settings);
    end.next = { end: true };
    for (const step of this.#steps) {
      if (step.decision) step.next = { choose: [...new Set(step.decision.options.map(({ to }) => to))] };
    }
    return {
      start: (chain.first as GraphStep).name,
      end: end.name,
      steps: this.#steps,
      pools: this.#pools,
      loops: this.#loops,
      onFailure: this.#handlers(onFailure),
    };
  }

  #handlers(elements: readonly Element[]): GraphStep[] {
    const handlers = elements.flatMap((element) => (element.kind === 'step' ? [this.#stepOf(element, [])] : []));
    handlers.forEach((handler, index) => {
      const following = handlers[index + 1];
      handler.next = following ? { step: following.name } : { handled: true };
    });
    return handlers;
  }

  /** @param startName name of the synthetic first step, if one is needed */
  #chain(elements: readonly Element[], within: string[], settings: StepSettings, startName?: string): Chain {
    const chain: Chain = { ends: [] };
    for (const element of elements) {
      // What precedes the first element of the file has a name of its own.
      const nameOf = (name: string) => (chain.first ? name : (startName ?? name));
      if (element.kind === 'step') this.#append(chain, this.#stepOf(element, within));
      else if (element.kind === 'switch') this.#switch(chain, element, within, settings, nameOf);
      else if (element.kind === 'foreach') this.#foreach(chain, element, within, settings, nameOf);
      else if (element.kind === 'branches') this.#branches(chain, element, within, settings, nameOf);
      else this.#loop(chain, element, within, settings, nameOf);
    }
    return chain;
  }

  #append(chain: Chain, step: GraphStep): GraphStep {
    for (const { step: before, option } of chain.ends) {
      if (option) option.to = step.name;
      else before.next = { step: step.name };
    }
    this.#steps.push(step);
    chain.first ??= step;
    chain.ends = [{ step }];
    return step;
  }

  /** Appends a synthetic step that shares the action of the preceding one. */
  #make(chain: Chain, name: string, within: string[], settings: StepSettings): GraphStep {
    const neighbour = chain.ends[0]?.step.settings ?? settings;
    const made = { name: this.#freshName(name), settings: { ...neighbour, secrets: [] }, within, next: UNKNOWN };
    return this.#append(chain, made);
  }

  /**
   * The last step if it can open a fork; otherwise a synthetic one. Metaflow does not support `@catch` on a step that
   * opens a foreach.
   */
  #opener(chain: Chain, name: string, within: string[], settings: StepSettings, catches: boolean): GraphStep {
    const last = onlyStep(chain);
    const fits = last && last.joins === undefined && (catches || last.catch === undefined);
    return fits ? last : this.#make(chain, name, within, settings);
  }

  /** The last step if it can decide; otherwise a synthetic one. Metaflow does not support `@catch` there. */
  #decider(chain: Chain, name: string, within: string[], settings: StepSettings): GraphStep {
    return this.#opener(chain, name, within, settings, false);
  }

  #switch(
    chain: Chain,
    { on, cases, default: fallback }: Switch,
    within: string[],
    settings: StepSettings,
    nameOf: (name: string) => string,
  ): void {
    const name = on.kind === 'artifact' ? `switch_${asWord(on.name.value)}` : 'switch';
    const decider = this.#decider(chain, nameOf(name), within, settings);
    const labels = labelsOf(cases.map(({ value }) => value.value));
    const options = [...cases.map(({ steps }, index) => ({ label: labels[index] as string, steps }))];
    const defaultLabel = fallback && unlike('default', labels);
    if (fallback) options.push({ label: defaultLabel as string, steps: fallback });
    decider.decision = {
      test: {
        kind: 'switch',
        on,
        cases: cases.map(({ value }, index) => ({ label: labels[index] as string, value: value.value })),
        ...(defaultLabel !== undefined && { default: defaultLabel }),
      },
      options: options.map(({ label }) => ({ label, to: '' })),
    };
    chain.ends = options.flatMap(({ steps }, index) => {
      const option = decider.decision?.options[index] as Option;
      const body = this.#chain(steps, within, decider.settings);
      if (!body.first) return [{ step: decider, option }];
      option.to = body.first.name;
      return body.ends;
    });
  }

  #loop(
    chain: Chain,
    { kind, condition, max, pauseMs, steps }: Loop,
    within: string[],
    settings: StepSettings,
    nameOf: (name: string) => string,
  ): void {
    const head = steps[0];
    const name = head?.kind === 'step' ? head.name.value : `${this.#loops.size + 1}`;
    const scope = `${kind} ${name}`;
    const bounds = { ...(max && { max: max.value }), ...(pauseMs && { pauseMs: pauseMs.value }) };
    const loop: LoopScope = { kind, condition, ...bounds, first: '' };
    this.#loops.set(scope, loop);
    const passing: End[] = [];
    if (kind === 'while') {
      const decider = this.#decider(chain, nameOf(`while_${name}`), within, settings);
      const [turn, done] = this.#decideLoop(decider, scope, true);
      chain.ends = [{ step: decider, option: turn }];
      passing.push({ step: decider, option: done });
    } else if (!chain.first) this.#make(chain, nameOf(`until_${name}`), within, settings);
    const inner = [...within, scope];
    const body = this.#chain(steps, inner, chain.ends[0]?.step.settings ?? settings);
    const first = body.first as GraphStep;
    loop.first = first.name;
    for (const { step, option } of chain.ends) {
      if (option) option.to = first.name;
      else step.next = { step: first.name };
    }
    const decider = this.#decider(body, `${kind}_${name}`, inner, settings);
    const [turn, done] = this.#decideLoop(decider, scope, false);
    turn.to = first.name;
    chain.ends = [...passing, { step: decider, option: done }];
  }

  #decideLoop(decider: GraphStep, loop: string, entering: boolean): [turn: Option, done: Option] {
    const options: [Option, Option] = [
      { label: TURN, to: '' },
      { label: DONE, to: '' },
    ];
    decider.decision = { test: { kind: 'loop', loop, entering }, options };
    return options;
  }

  #foreach(
    chain: Chain,
    element: Foreach,
    within: string[],
    settings: StepSettings,
    nameOf: (name: string) => string,
  ): void {
    const { over, as, steps, join, concurrency, batch, onEmpty, onError, minSuccess } = element;
    const name = over.kind === 'artifact' ? `foreach_${asWord(over.name.value)}` : 'foreach';
    const skips = onEmpty === 'skip';
    const maker = skips
      ? this.#decider(chain, nameOf(`check_${name}`), within, settings)
      : this.#opener(chain, nameOf(name), within, settings, false);
    const artifact = over.kind === 'artifact' ? over.name.value : itemsArtifact(maker.name);
    if (over.kind !== 'artifact') maker.makes = { artifact, from: over };
    const some: Option = { label: SOME, to: '' };
    const none: Option = { label: NONE, to: '' };
    let opener = maker;
    if (skips) {
      maker.decision = { test: { kind: 'items', artifact }, options: [some, none] };
      chain.ends = [{ step: maker, option: some }];
      opener = this.#make(chain, name, within, settings);
    }
    const pool: Omit<Pool, 'first' | 'last' | 'join'> = {
      opener: opener.name,
      kind: 'foreach',
      over: artifact,
      ...(as && { as: as.value }),
      concurrency: concurrency.value,
      ...(batch > 1 && { batch }),
      ...(onError === 'collect' && { collectsFailures: true, minSuccess: minSuccess?.value ?? { count: 1 } }),
    };
    const first = this.#fork(chain, opener, pool, [steps], join, within, name);
    if (as && first[0]) first[0].bind = as.value;
    if (!skips) return;
    const passing: Chain = { first: maker, ends: [{ step: maker, option: none }] };
    const collected = join?.collect.map(({ value }) => value) ?? [];
    if (collected.length > 0) this.#make(passing, `no_${name}`, within, settings).empties = collected;
    chain.ends.push(...passing.ends);
  }

  #branches(
    chain: Chain,
    { branches, join, concurrency }: Branches,
    within: string[],
    settings: StepSettings,
    nameOf: (name: string) => string,
  ): void {
    const names = branches.map((branch) => branch.name.value);
    const name = ['fork', ...names.slice(0, BRANCHES_IN_NAME_MAX).map(asWord)].filter((word) => word !== '').join('_');
    const opener = this.#opener(chain, nameOf(name), within, settings, true);
    const pool: Omit<Pool, 'first' | 'last' | 'join'> = {
      opener: opener.name,
      kind: 'branches',
      branches: names,
      concurrency: concurrency.value,
    };
    const bodies = branches.map((branch) => branch.steps);
    this.#fork(chain, opener, pool, bodies, join, within, name);
  }

  /** @returns the first step of each body */
  #fork(
    chain: Chain,
    opener: GraphStep,
    pool: Omit<Pool, 'first' | 'last' | 'join'>,
    bodies: Element[][],
    join: Join | undefined,
    within: string[],
    name: string,
  ): GraphStep[] {
    opener.next = { open: opener.name };
    const inner = [...within, opener.name];
    const chains = bodies.map((steps) => this.#chain(steps, inner, opener.settings));
    const lasts = chains.map((body) => onlyStep(body) ?? this.#make(body, `end_${name}`, inner, opener.settings));
    for (const last of lasts) last.next = { done: opener.name };
    const joined: GraphStep = { ...this.#joinOf(join, name, opener, within), joins: opener.name };
    this.#steps.push(joined);
    chain.ends = [{ step: joined }];
    const firsts = chains.map(({ first }) => first as GraphStep);
    this.#pools.set(opener.name, {
      ...pool,
      first: firsts.map((step) => step.name),
      last: lasts.map((step) => step.name),
      join: joined.name,
    });
    return firsts;
  }

  #joinOf(join: Join | undefined, name: string, opener: GraphStep, within: string[]): GraphStep {
    const freshName = () => this.#freshName(`join_${name}`);
    if (!join) return { name: freshName(), settings: { ...opener.settings, secrets: [] }, within, next: UNKNOWN };
    return {
      ...this.#attemptsOf(join),
      name: join.name?.value ?? freshName(),
      ...(join.body && { body: join.body }),
      ...(join.collect.length > 0 && { collect: join.collect.map(({ value }) => value) }),
      within,
    };
  }

  #stepOf(step: Step, within: string[]): GraphStep {
    return { ...this.#attemptsOf(step), name: step.name.value, body: step.body, within };
  }

  #attemptsOf({ resources, environment, secrets, retry, catch: caught, cache }: Step | Join) {
    return {
      settings: { resources, environment, secrets },
      ...(retry && { retry }),
      ...(caught && { catch: caught.value }),
      ...(cache && { cache: true as const }),
      next: UNKNOWN,
    };
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

/** Successor of a step until the next step is known. */
const UNKNOWN: Next = { end: true };

/** The last step of a chain, if there is one and it has no decision or fork yet. */
function onlyStep({ ends }: Chain): GraphStep | undefined {
  const [end, ...others] = ends;
  return end && others.length === 0 && !end.option ? end.step : undefined;
}

/** Labels of case values: as written, if those are unique. */
function labelsOf(values: readonly unknown[]): string[] {
  const labels: string[] = [];
  for (const value of values) labels.push(unlike(String(value), labels));
  return labels;
}

function unlike(wanted: string, labels: readonly string[]): string {
  let label = wanted;
  for (let count = 2; labels.includes(label); count++) label = `${wanted} (${count})`;
  return label;
}

/** In Metaflow's naming. */
function asWord(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}
