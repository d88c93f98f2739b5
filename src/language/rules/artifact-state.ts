import type { Branches, Foreach, Join, Span, Switch } from '../model/flow.ts';

/** Where an artifact is set. */
export interface Setter {
  step: string;
  span(): Span;
  /** The value, if it is a literal. */
  literal?: string;
  /** It is the item of a foreach. */
  isItem?: boolean;
  /** Why it might not be set: only one path sets it. */
  only?: OnlyPath;
}

/** Where one path sets an artifact and another does not. */
export type OnlyPath =
  | {
      kind: 'case';
      element: Switch;
      /** Indices of the cases that set it; -1 is the default. */
      cases: readonly number[];
    }
  | { kind: 'skip'; element: Foreach };

/** An artifact that a join drops, because its inputs disagree on it. */
export interface Drop {
  element: Foreach | Branches;
  join: Join;
  /** What sets it inside the fork. */
  setter: Setter;
  /** The branches that differ. */
  branches?: readonly [string, string];
  /** `before`: where it was set to something else before the fork. `unskipped`: the foreach had items. */
  when: 'always' | 'before' | 'unskipped';
}

/** How a part of a flow changes the artifacts. */
export interface Effect {
  /** Artifacts it sets or might set. */
  sets: ReadonlyMap<string, Setter>;
  drops: ReadonlyMap<string, Drop>;
  /** It might set anything. */
  any: boolean;
}

/** The steps before a place, latest first. */
export interface Path {
  step: string;
  before: Path | undefined;
  first: string;
  length: number;
}

/** A case of a switch that contains the place; -1 is the default. */
export interface InCase {
  element: Switch;
  place: number;
}

/**
 * The artifacts that might exist at a place. The state of a nested list of steps is layered over that of the
 * enclosing list.
 */
export class State {
  readonly #own = new Map<string, Setter | Drop>();
  readonly #parent: State | undefined;
  any: boolean;
  path: Path | undefined;
  /** The fork whose join's own step this is. */
  readonly joining: Foreach | Branches | undefined;
  /** Number of enclosing foreaches. */
  readonly depth: number;
  readonly #inCase: InCase | undefined;

  constructor(from: { parent?: State; depth?: number; joining?: Foreach | Branches; inCase?: InCase } = {}) {
    const { parent } = from;
    this.#parent = parent;
    this.any = parent?.any ?? false;
    this.path = parent?.path;
    this.joining = from.joining;
    this.depth = from.depth ?? parent?.depth ?? 0;
    this.#inCase = from.inCase;
  }

  setterOf(name: string): Setter | undefined {
    const found = this.#find(name);
    return found && 'step' in found ? found : undefined;
  }

  /** The join that dropped it. */
  dropOf(name: string): Drop | undefined {
    const found = this.#find(name);
    return found && 'join' in found ? found : undefined;
  }

  /** Whether the artifact can exist here. */
  may(name: string): boolean {
    return this.any || this.setterOf(name) !== undefined;
  }

  set(name: string, setter: Setter): void {
    this.#own.set(name, either(this.setterOf(name), setter));
  }

  add({ sets, drops, any }: Effect): void {
    const before = new Map([...sets.keys(), ...drops.keys()].map((name) => [name, this.setterOf(name)]));
    for (const [name, setter] of sets) this.set(name, setter);
    for (const [name, drop] of drops) if (isDropped(drop, before.get(name), this.any)) this.#own.set(name, drop);
    this.any ||= any;
  }

  /** Enclosing cases, innermost first. */
  *cases(): Generator<InCase> {
    if (this.#inCase) yield this.#inCase;
    if (this.#parent) yield* this.#parent.cases();
  }

  #find(name: string): Setter | Drop | undefined {
    return this.#own.get(name) ?? (this.#parent ? this.#parent.#find(name) : undefined);
  }
}

/** An artifact that existed and might be set again still exists. */
export function either(before: Setter | undefined, setter: Setter): Setter {
  if (!before || !setter.only) return setter;
  const { only, ...sure } = setter;
  return sure;
}

function isDropped({ when, setter }: Drop, before: Setter | undefined, any: boolean): boolean {
  if (when === 'always') return true;
  if (when === 'unskipped') return !before && !any;
  return before !== undefined && (before.literal === undefined || before.literal !== setter.literal);
}
