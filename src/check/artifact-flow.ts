import type { Branches, Element, Flow, Foreach, Join, Located, Loop, Span, Step } from '../model/flow.ts';
import { bodiesOf } from '../model/flow.ts';
import type { CodeFacts, PythonFacts } from './inspection.ts';

/** Where an artifact is set. */
export interface Setter {
  step: string;
  span(): Span;
  /** The value, where it is a literal. */
  literal?: string;
  /** It is the item of a foreach. */
  isItem?: boolean;
}

/** What a part of a flow does to the artifacts: those that it may set, and whether it keeps those that were there. */
export interface Effect {
  sets: ReadonlyMap<string, Setter>;
  keeps: boolean;
  /** It may set anything. */
  any: boolean;
}

type MutableEffect = Effect & { sets: Map<string, Setter> };

/** The artifact in which the join of a foreach with `onError: collect` finds its failures. */
export const FAILURES = 'failures';

/** The artifact in which the steps of `onFailure` find what happened. */
export const FAILURE = 'failure';

/** What became of artifacts at a join, for those that miss one after it. */
export interface Reset {
  element: Foreach | Branches;
  join: Join;
  /** What the items or branches may have set. */
  inner: Effect;
  /** Before the fork. */
  before: State;
}

/** The steps before a place, last first. */
export interface Path {
  step: string;
  before: Path | undefined;
  first: string;
  length: number;
}

/** The artifacts that may be there at a place. A state of a nested list of steps is laid over that of the list around it. */
export class State {
  readonly #own = new Map<string, Setter>();
  readonly #parent: State | undefined;
  any: boolean;
  path: Path | undefined;
  /** The join that has dropped what was there before. */
  readonly reset: Reset | undefined;
  /** The join whose own step this is, before it. */
  readonly joining: Reset | undefined;
  /** Foreaches around the place. */
  readonly depth: number;

  constructor(
    from: {
      parent?: State;
      depth?: number;
      reset?: Reset;
      joining?: Reset;
      path?: Path | undefined;
      any?: boolean;
    } = {},
  ) {
    const { parent } = from;
    this.#parent = parent;
    this.any = from.any ?? parent?.any ?? false;
    this.path = from.path ?? parent?.path;
    this.reset = from.reset ?? parent?.reset;
    this.joining = from.joining;
    this.depth = from.depth ?? parent?.depth ?? 0;
  }

  setterOf(name: string): Setter | undefined {
    return this.#own.get(name) ?? this.#parent?.setterOf(name);
  }

  /** Whether the artifact can be there. */
  may(name: string): boolean {
    return this.any || this.setterOf(name) !== undefined;
  }

  set(name: string, setter: Setter): void {
    this.#own.set(name, setter);
  }

  add({ sets, any }: Effect): void {
    for (const [name, setter] of sets) this.#own.set(name, setter);
    this.any ||= any;
  }
}

/** A fork as its join meets it. */
export interface Fork {
  /** Where the fork is. */
  before: State;
  /** What each branch does; of a foreach there is one. */
  branches: { name: string | undefined; effect: Effect; steps: Element[] }[];
  /** What the join's own step begins with. */
  state: State;
}

/** What a check wants to see of a flow, each with the artifacts that may be there. */
export interface ArtifactVisitor {
  /** Before an element of whatever kind. */
  element?(element: Element, state: State): void;
  /** Where a loop's condition is tested after a turn. */
  turn?(loop: Loop, state: State): void;
  join?(element: Foreach | Branches, fork: Fork): void;
  /** After the last step. */
  end?(state: State): void;
}

/**
 * Follows the artifacts through a flow as Metaflow hands them on: a step finds what its predecessors set; a join with a body
 * of its own begins with nothing, others merge. All that one path may set counts as set.
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
    failed.set(FAILURE, { step: 'onFailure', span: () => this.#flow.stepsSpan });
    this.#list(this.#flow.onFailure, failed, visitor);
  }

  /** All artifacts that are set anywhere, each with where it is set first. */
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
    let state = entry;
    for (const element of elements) {
      visitor.element?.(element, state);
      const effect = this.#effectOf(element);
      let reset: Reset | undefined;
      switch (element.kind) {
        case 'step':
          break;
        case 'switch':
          for (const steps of bodiesOf(element)) this.#list(steps, new State({ parent: state }), visitor);
          break;
        case 'foreach':
        case 'branches':
          reset = this.#fork(element, state, visitor);
          break;
        default: {
          const turn = new State({ parent: state });
          turn.add(this.#listEffect(element.steps));
          const after = this.#list(element.steps, turn, visitor);
          visitor.turn?.(element, after);
        }
      }
      if (!effect.keeps && reset) {
        state = new State({ reset, depth: state.depth, path: state.path, any: false });
      } else if (!effect.keeps) {
        state = new State({
          ...(state.reset && { reset: state.reset }),
          depth: state.depth,
          path: state.path,
          any: false,
        });
      }
      state.add(effect);
      const step = element.kind === 'step' ? element.name.value : reset?.join.name?.value;
      if (step !== undefined) {
        const before = state.path;
        state.path = { step, before, first: before?.first ?? step, length: (before?.length ?? 0) + 1 };
      }
    }
    return state;
  }

  #fork(element: Foreach | Branches, before: State, visitor: ArtifactVisitor): Reset | undefined {
    const { join } = element;
    const isForeach = element.kind === 'foreach';
    const branches = isForeach
      ? [{ name: undefined, steps: element.steps }]
      : element.branches.map(({ name, steps }) => ({ name: name.value, steps }));
    for (const { steps } of branches) {
      const state = new State({ parent: before, depth: before.depth + (isForeach ? 1 : 0) });
      if (isForeach && element.as) state.set(element.as.value, asSetter(element.as));
      this.#list(steps, state, visitor);
    }
    const inner = this.#innerEffect(element);
    const reset = join && { element, join, inner, before };
    const state = new State({ ...(reset && { joining: reset }), depth: before.depth, path: before.path });
    for (const [name, setter] of this.#givenToJoin(element)) state.set(name, setter);
    visitor.join?.(element, {
      before,
      branches: branches.map(({ name, steps }) => ({ name, steps, effect: this.#listEffect(steps) })),
      state,
    });
    return reset;
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
        return union(bodiesOf(element).map((steps) => this.#listEffect(steps)));
      case 'foreach':
      case 'branches':
        return this.#forkEffect(element);
      default: {
        const turn = this.#listEffect(element.steps);
        return { ...turn, keeps: turn.keeps || element.kind === 'while' };
      }
    }
  }

  /** What a list of steps does. */
  #listEffect(elements: readonly Element[]): Effect {
    const known = this.#effects.get(elements);
    if (known) return known;
    let effect: MutableEffect = { sets: new Map(), keeps: true, any: false };
    for (const element of elements) {
      const { sets, keeps, any } = this.#effectOf(element);
      if (!keeps) effect = { sets: new Map(), keeps: false, any: false };
      for (const [name, setter] of sets) effect.sets.set(name, setter);
      effect.any ||= any;
    }
    this.#effects.set(elements, effect);
    return effect;
  }

  /** What the items or the branches do together; without the item itself. */
  #innerEffect(element: Foreach | Branches): Effect {
    if (element.kind === 'branches') return union(element.branches.map(({ steps }) => this.#listEffect(steps)));
    const { sets, ...effect } = this.#listEffect(element.steps);
    const own = new Map(sets);
    if (element.as) own.delete(element.as.value);
    return { ...effect, sets: own };
  }

  #forkEffect(element: Foreach | Branches): Effect {
    const { join } = element;
    const inner = this.#innerEffect(element);
    const skipped = element.kind === 'foreach' && element.onEmpty === 'skip';
    const given = this.#givenToJoin(element);
    if (!join?.body) return { sets: new Map([...inner.sets, ...given]), keeps: inner.keeps || skipped, any: inner.any };
    const own = this.stepEffect(join);
    const merges = (join.body.kind === 'run' && this.#facts.bodies.get(join.body)?.merges) || [];
    const sets = new Map([...given, ...own.sets]);
    if (merges.length === 0) return { sets, keeps: skipped, any: own.any };
    if (merges.every(({ include }) => include !== null)) {
      for (const name of merges.flatMap(({ include }) => include ?? [])) {
        sets.set(name, { step: join.name?.value ?? '', span: () => join.span });
      }
      return { sets, keeps: skipped, any: own.any };
    }
    return { sets: new Map([...inner.sets, ...sets]), keeps: true, any: own.any || inner.any };
  }

  /** What is on `self` when a join's own step begins. */
  #givenToJoin(element: Foreach | Branches): Map<string, Setter> {
    const given = new Map<string, Setter>();
    const step = element.join?.name?.value ?? 'the join';
    for (const { value, span } of element.join?.collect ?? []) given.set(value, { step, span: () => span });
    if (element.kind === 'foreach' && element.onError === 'collect') {
      given.set(FAILURES, { step, span: () => element.span });
    }
    return given;
  }

  /** What a step or a join's own step sets. */
  stepEffect(step: Step | Join): Effect {
    const known = this.#effects.get(step);
    if (known && step.kind === 'step') return known;
    const sets = new Map<string, Setter>();
    const name = step.name?.value ?? 'the join';
    const any = this.#bodyEffect(step, name, sets);
    if (step.catch) {
      const { value, span } = step.catch;
      sets.set(value, { step: name, span: () => span });
    }
    return { sets, keeps: true, any };
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

/** Several ways of which one is taken, or all are and merged. */
function union(effects: readonly Effect[]): Effect {
  const sets = new Map<string, Setter>();
  for (const effect of effects) {
    for (const [name, { step, span, literal }] of effect.sets) {
      const other = sets.get(name);
      const same = literal !== undefined && (!other || other.literal === literal);
      sets.set(
        name,
        other
          ? { step: other.step, span: other.span, ...(same && { literal }) }
          : { step, span, ...(same && { literal }) },
      );
    }
  }
  return { sets, keeps: effects.some(({ keeps }) => keeps), any: effects.some(({ any }) => any) };
}

function asSetter(as: Located<string>): Setter {
  return { step: as.value, span: () => as.span, isItem: true };
}
