import type { Branches, Element, Flow, Foreach, Join, Located, Loop, Step, Switch } from '../model/flow.ts';
import { bodiesOf, joinOf } from '../model/flow.ts';
import type { CodeFacts, PythonFacts } from '../python/facts.ts';
import type { Drop, Effect, Setter } from './artifact-state.ts';
import { either, State } from './artifact-state.ts';
import { branchDifferences, itemDifferences } from './join-differences.ts';

interface MutableEffect extends Effect {
  sets: Map<string, Setter>;
  drops: Map<string, Drop>;
}

/** The artifact in which the join of a foreach with `onError: collect` finds its failures. */
export const FAILURES_ARTIFACT = 'failures';

/** The artifact in which the steps of `onFailure` find what happened. */
export const FAILURE_ARTIFACT = 'failure';

/** A fork as seen by its join. */
export interface Fork {
  /** Position of the fork. */
  before: State;
  /** Effects of each branch; a foreach has one. */
  branches: { name: string | undefined; effect: Effect; steps: Element[] }[];
  /** State in which the join's own step starts. */
  state: State;
}

/** Places of a flow that a check can visit, each with the artifacts that might exist there. */
export interface ArtifactVisitor {
  /** Before any element. */
  element?(element: Element, state: State): void;
  /** Where the condition of a loop is tested after a turn. */
  turn?(loop: Loop, state: State): void;
  join?(element: Foreach | Branches, fork: Fork): void;
  /** After the last step. */
  end?(state: State): void;
}

/**
 * Follows artifacts through a flow: a step sees what its predecessors set, a join sees what its inputs agree on.
 * Anything that might be set on a path counts as set.
 */
export class ArtifactFlow {
  readonly #flow: Flow;
  readonly #facts: PythonFacts;
  readonly #effects = new WeakMap<object, Effect>();

  constructor(flow: Flow, facts: PythonFacts) {
    this.#flow = flow;
    this.#facts = facts;
  }

  walk(visitor: ArtifactVisitor): void {
    const after = this.#list(this.#flow.steps, new State(), visitor);
    visitor.end?.(after);
    const failed = new State();
    failed.set(FAILURE_ARTIFACT, { step: 'onFailure', span: () => this.#flow.stepsSpan });
    this.#list(this.#flow.onFailure, failed, visitor);
  }

  /** All artifacts set anywhere, each with its first position. */
  setters(): Map<string, Setter> {
    const setters = new Map<string, Setter>();
    const note = (step: Step | Join) => {
      for (const [name, setter] of this.stepEffect(step).sets) if (!setters.has(name)) setters.set(name, setter);
    };
    this.walk({
      element(element) {
        if (element.kind === 'step') note(element);
        if (element.kind === 'foreach' && element.as && !setters.has(element.as.value)) {
          setters.set(element.as.value, asSetter(element.as));
        }
      },
      join: ({ join }) => join && note(join),
    });
    return setters;
  }

  #list(elements: readonly Element[], entry: State, visitor: ArtifactVisitor): State {
    const state = entry;
    for (const element of elements) {
      visitor.element?.(element, state);
      switch (element.kind) {
        case 'step':
          break;
        case 'switch':
          casesOf(element).forEach(({ place, steps }) => {
            this.#list(steps, new State({ parent: state, inCase: { element, place } }), visitor);
          });
          break;
        case 'foreach':
        case 'branches':
          this.#fork(element, state, visitor);
          break;
        default: {
          const turn = new State({ parent: state });
          turn.add(surely(this.#listEffect(element.steps)));
          const after = this.#list(element.steps, turn, visitor);
          visitor.turn?.(element, after);
        }
      }
      state.add(this.#effectOf(element));
      const step = element.kind === 'step' ? element.name : joinOf(element)?.name;
      if (step) {
        const before = state.path;
        state.path = {
          step: step.value,
          before,
          first: before?.first ?? step.value,
          length: (before?.length ?? 0) + 1,
        };
      }
    }
    return state;
  }

  #fork(element: Foreach | Branches, before: State, visitor: ArtifactVisitor): void {
    const isForeach = element.kind === 'foreach';
    const branches = isForeach
      ? [{ name: undefined, steps: element.steps }]
      : element.branches.map(({ name, steps }) => ({ name: name.value, steps }));
    for (const { steps } of branches) {
      const state = new State({ parent: before, depth: before.depth + (isForeach ? 1 : 0) });
      if (isForeach && element.as) state.set(element.as.value, asSetter(element.as));
      this.#list(steps, state, visitor);
    }
    const state = new State({ parent: before, joining: element });
    state.add(this.#joinedEffect(element));
    visitor.join?.(element, {
      before,
      branches: branches.map(({ name, steps }) => ({ name, steps, effect: this.#listEffect(steps) })),
      state,
    });
  }

  #effectOf(element: Element): Effect {
    const known = this.#effects.get(element);
    if (known) return known;
    const effect = this.#newEffect(element);
    this.#effects.set(element, effect);
    return effect;
  }

  #newEffect(element: Element): Effect {
    switch (element.kind) {
      case 'step':
        return this.stepEffect(element);
      case 'switch':
        return this.#switchEffect(element);
      case 'foreach':
      case 'branches':
        return this.#forkEffect(element);
      default: {
        const turn = this.#listEffect(element.steps);
        // A `while` can have no turns.
        return element.kind === 'while' ? { ...turn, drops: unskipped(turn.drops) } : turn;
      }
    }
  }

  /** Effect of a list of steps. */
  #listEffect(elements: readonly Element[]): Effect {
    const known = this.#effects.get(elements);
    if (known) return known;
    let effect = NONE;
    for (const element of elements) effect = then(effect, this.#effectOf(element));
    this.#effects.set(elements, effect);
    return effect;
  }

  #switchEffect(element: Switch): Effect {
    const cases = casesOf(element).map(({ place, steps }) => ({ place, effect: this.#listEffect(steps) }));
    const effect = union(cases.map((one) => one.effect));
    for (const [name, setter] of effect.sets) {
      const setting = cases.filter(({ effect: { sets, any } }) => any || (sets.has(name) && !sets.get(name)?.only));
      if (setting.length === cases.length || setter.only) continue;
      effect.sets.set(name, { ...setter, only: { kind: 'case', element, cases: setting.map(({ place }) => place) } });
    }
    const drops = [...effect.drops].filter(([name]) => !effect.sets.has(name));
    effect.drops = unskipped(new Map(drops), (name) => cases.every((one) => one.effect.drops.has(name)));
    return effect;
  }

  /** Artifacts at the start of a join's own step. */
  #joinedEffect(element: Foreach | Branches): Effect {
    const { join } = element;
    const branches =
      element.kind === 'foreach'
        ? [this.#listEffect(element.steps)]
        : element.branches.map(({ steps }) => this.#listEffect(steps));
    const effect = union(branches);
    if (element.kind === 'foreach' && element.as) effect.sets.delete(element.as.value);
    // An implicit join fails if its inputs disagree.
    if (join) for (const [name, drop] of this.#differences(element, join)) effect.drops.set(name, drop);
    for (const [name, { when }] of effect.drops) if (when === 'always') effect.sets.delete(name);
    for (const [name, setter] of this.#givenToJoin(element)) {
      effect.sets.set(name, setter);
      effect.drops.delete(name);
    }
    return effect;
  }

  #differences(element: Foreach | Branches, join: Join): Map<string, Drop> {
    const drops = new Map<string, Drop>();
    if (element.kind === 'foreach') {
      const inner = this.#listEffect(element.steps);
      for (const [name, setter] of itemDifferences(element, this.#facts, (step) => this.stepEffect(step))) {
        if (inner.sets.has(name)) drops.set(name, { element, join, setter, when: 'always' });
      }
      return drops;
    }
    const branches = element.branches.map(({ name, steps }) => ({ name: name.value, effect: this.#listEffect(steps) }));
    for (const [name, { first, second }] of branchDifferences(branches)) {
      const pair = [first.name, second.name] as const;
      const when = second.setter ? 'always' : 'before';
      drops.set(name, { element, join, setter: first.setter, branches: pair, when });
    }
    return drops;
  }

  #forkEffect(element: Foreach | Branches): Effect {
    const { join } = element;
    const joined = this.#joinedEffect(element);
    const own = join ? this.stepEffect(join) : NONE;
    const effect = then(joined, own);
    for (const name of this.#mergedBy(element)) {
      effect.sets.set(name, { step: join?.name?.value ?? '', span: () => (join as Join).span });
      effect.drops.delete(name);
    }
    if (element.kind !== 'foreach' || element.onEmpty === 'fail') return effect;
    const always = new Set(join?.collect.map(({ value }) => value));
    for (const [name, setter] of effect.sets) {
      if (!always.has(name)) effect.sets.set(name, { ...setter, only: { kind: 'skip', element } });
    }
    return { ...effect, drops: unskipped(effect.drops) };
  }

  /** What the body of a join merges itself: everything the inputs have, unless `include` is given. */
  #mergedBy(element: Foreach | Branches): string[] {
    const body = element.join?.body;
    const merges = (body?.kind === 'run' && this.#facts.bodies.get(body)?.merges) || [];
    const all = bodiesOf(element).flatMap((steps) => [...this.#listEffect(steps).sets.keys()]);
    const as = element.kind === 'foreach' ? element.as?.value : undefined;
    return merges.flatMap(({ include }) => include ?? all.filter((name) => name !== as));
  }

  /** Attributes of `self` at the start of a join's own step. */
  #givenToJoin(element: Foreach | Branches): Map<string, Setter> {
    const given = new Map<string, Setter>();
    const step = element.join?.name?.value ?? 'the join';
    for (const { value, span } of element.join?.collect ?? []) given.set(value, { step, span: () => span });
    if (element.kind === 'foreach' && element.onError === 'collect') {
      given.set(FAILURES_ARTIFACT, { step, span: () => element.span });
    }
    return given;
  }

  /** What a step, or the own step of a join, sets. */
  stepEffect(step: Step | Join): Effect {
    const sets = new Map<string, Setter>();
    const name = step.name?.value ?? 'the join';
    const any = this.#bodyEffect(step, name, sets);
    if (step.catch) {
      const { value, span } = step.catch;
      sets.set(value, { step: name, span: () => span });
    }
    return { sets, drops: new Map(), any };
  }

  #bodyEffect({ body }: Step | Join, step: string, sets: Map<string, Setter>): boolean {
    switch (body?.kind) {
      case 'run': {
        const facts = this.#facts.bodies.get(body);
        for (const { name, at, literal } of facts?.sets ?? []) {
          const only = literal !== null && !sets.has(name);
          sets.set(name, { step, span: () => (facts as CodeFacts).spanOf(at), ...(only && { literal }) });
        }
        return facts !== undefined && (facts.any || facts.problem !== undefined);
      }
      case 'call': {
        const returned = this.#facts.functionOf(body)?.returns;
        if (!returned) return true;
        for (const [name, literal] of Object.entries(returned)) {
          sets.set(name, { step, span: () => body.span, ...(literal !== null && { literal }) });
        }
        return false;
      }
      case 'action':
      case 'flow': {
        const { result } = body;
        if (result) sets.set(result.value, { step, span: () => result.span });
        return body.kind === 'flow' && !result && !body.detach;
      }
      case undefined:
        return false;
    }
  }
}

const NONE: MutableEffect = { sets: new Map(), drops: new Map(), any: false };

/** Combines effects in sequence. */
function then(first: Effect, second: Effect): MutableEffect {
  const sets = new Map(first.sets);
  const drops = new Map(first.drops);
  for (const [name, setter] of second.sets) {
    sets.set(name, either(sets.get(name), setter));
    drops.delete(name);
  }
  for (const [name, drop] of second.drops) {
    const before = first.sets.get(name);
    if (drop.when === 'unskipped' && before) continue;
    const isSure = drop.when === 'always' || (drop.when === 'before' && before !== undefined);
    drops.set(name, isSure ? { ...drop, when: 'always' } : drop);
    if (isSure) sets.delete(name);
  }
  return { sets, drops, any: first.any || second.any };
}

/** Combines alternatives, of which one is taken, or parallel paths that are joined. */
function union(effects: readonly Effect[]): MutableEffect {
  const sets = new Map<string, Setter>();
  for (const effect of effects) {
    for (const [name, setter] of effect.sets) {
      const { literal, only, ...other } = sets.get(name) ?? setter;
      const isSame = literal !== undefined && literal === setter.literal;
      sets.set(name, { ...other, ...(isSame && { literal }), ...(only && setter.only && { only }) });
    }
  }
  const drops = new Map(effects.flatMap((effect) => [...effect.drops]));
  return { sets, drops, any: effects.some(({ any }) => any) };
}

/** Drops that might not have happened. */
function unskipped(drops: ReadonlyMap<string, Drop>, isSure = (_: string) => false): Map<string, Drop> {
  return new Map([...drops].map(([name, drop]) => [name, isSure(name) ? drop : { ...drop, when: 'unskipped' }]));
}

/** As if every path set everything. */
function surely({ sets, ...effect }: Effect): Effect {
  return { ...effect, sets: new Map([...sets].map(([name, { only, ...setter }]) => [name, setter])) };
}

function casesOf({ cases, default: fallback }: Switch): { place: number; steps: Element[] }[] {
  const all = cases.map(({ steps }, place) => ({ place, steps }));
  return fallback ? [...all, { place: -1, steps: fallback }] : all;
}

function asSetter(as: Located<string>): Setter {
  return { step: as.value, span: () => as.span, isItem: true };
}
