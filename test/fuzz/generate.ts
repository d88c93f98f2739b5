import { stringify } from 'yaml';
import type { Random } from './random.ts';

/** A flow that was made up. */
export interface MadeFlow {
  /** Keys that are no text make a `Map`. */
  flow: Record<string, unknown>;
  /** As a flow file. */
  yaml: string;
  /** Of its run. */
  parameters: Record<string, unknown>;
}

export interface MakeOptions {
  /** A small one of what Metaflow has, too: no loop of several steps, no action, no flow, no `onError: collect`. */
  isStock?: boolean;
  /** Also what makes a run fail. */
  fails?: boolean;
  /** The steps of forks alone: what a lost session leaves there is taken over by others. */
  hasPools?: boolean;
}

type Element = Record<string, unknown>;

const DEPTH_MAX = 4;
/** About so many steps are made up, and so many items and turns come together that are in each other. */
const LARGE = { steps: 14, width: 20 };
/** Stock Metaflow takes a second for a task. */
const SMALL = { steps: 6, width: 4 };

/** The parameters, in arguments. */
const P = `\${p}`;
const Q = `\${q}`;

/** What the Python of a place may set and see. Artifacts that are not there read as a number or list all the same. */
interface Scope {
  /** Artifacts that may be set. Of others, merges would find different values. */
  numbers: string[];
  lists: string[];
  /** Items and indices, where what is set need not be the same for all of them. */
  items: string[];
  /** Counters of the loops around: joins keep them. */
  counters: string[];
  /** There is a merge ahead: nothing may be set of which each task has its own. */
  isMerged: boolean;
  depth: number;
  width: number;
}

/** Makes up valid flows, from a small grammar over all constructs. */
export function makeFlow(random: Random, options: MakeOptions = {}): MadeFlow {
  return new Maker(random, options).make();
}

class Maker {
  readonly #random: Random;
  readonly #options: MakeOptions;
  readonly #widthMax: number;
  /** Steps that are still to be made up. */
  #left: number;
  #count = 0;
  /** Artifacts, in the order in which they are set. */
  readonly #set: string[] = [];

  constructor(random: Random, options: MakeOptions) {
    this.#random = random;
    this.#options = options;
    const { steps, width } = options.isStock ? SMALL : LARGE;
    this.#left = steps;
    this.#widthMax = width;
  }

  make(): MadeFlow {
    const random = this.#random;
    const scope: Scope = {
      numbers: ['n_a', 'n_b', 'n_c'],
      lists: ['l_a', 'l_b'],
      items: [],
      counters: [],
      isMerged: false,
      depth: 0,
      width: 1,
    };
    const steps = this.#elements(scope);
    if (this.#options.hasPools && !/foreach|branches/.test(JSON.stringify(steps))) steps.push(this.#foreach(scope));
    const answers = random.chance(0.8);
    if (answers) {
      const run = `self.out = [${this.#number(scope)}, ${this.#list(scope)}] + self.q`;
      steps.push({ step: this.#name('out'), run });
    }
    const flow = {
      flow: 'MadeFlow',
      parameters: {
        p: { type: 'integer', default: random.below(10) },
        q: { type: 'json', default: this.#literals(1, 3) },
      },
      ...(answers && { outputs: ['out'] }),
      steps,
      ...(this.#options.fails && random.chance(0.6) && { onFailure: this.#handlers() }),
    };
    return { flow, yaml: this.#write(flow), parameters: random.chance(0.3) ? { p: random.below(20) } : {} };
  }

  #handlers(): Element[] {
    const tell = this.#step({ run: 'self.told = [type(self.failure["message"]).__name__, self.p]' });
    const again = { run: 'self.told = self.told + [1]', retry: { times: 1, backoff: 0 } };
    return this.#random.chance(0.5) ? [tell] : [tell, this.#step(again)];
  }

  #write(flow: unknown): string {
    const random = this.#random;
    const style = random.pick(['PLAIN', 'PLAIN', 'PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL'] as const);
    return stringify(flow, {
      aliasDuplicateObjects: false,
      lineWidth: random.pick([0, 40, 80, 120]),
      defaultStringType: style,
      defaultKeyType: 'PLAIN',
      collectionStyle: random.pick(['any', 'any', 'any', 'flow'] as const),
      indentSeq: random.chance(0.5),
      indent: random.pick([1, 2, 4]),
    });
  }

  #name(stem: string): string {
    return `${stem}_${++this.#count}`;
  }

  #step(body: Element, stem = 's'): Element {
    this.#left--;
    return { step: this.#name(stem), ...body };
  }

  // ------------------------------------------------------------------ Python

  #literals(least: number, most: number): number[] {
    return Array.from({ length: this.#random.between(least, most) }, () => this.#random.below(10));
  }

  #operand(scope: Scope): string {
    const random = this.#random;
    const names = [...scope.numbers, ...scope.items, ...scope.counters, 'n_a', 'n_b'];
    switch (random.below(4)) {
      case 0:
        return String(random.below(10));
      case 1:
        return 'self.p';
      default:
        return `getattr(self, "${random.pick(names)}", ${random.below(10)})`;
    }
  }

  /** A number below a hundred. */
  #number(scope: Scope): string {
    const random = this.#random;
    const [one, other] = [this.#operand(scope), this.#operand(scope)];
    return random.pick([
      `${one} % 97`,
      `(${one} + ${other}) % 97`,
      `${one} * ${random.between(2, 5)} % 53`,
      `abs(${one} - ${other})`,
      `sum(${this.#list(scope)}) % 89`,
    ]);
  }

  #list(scope: Scope): string {
    const name = this.#random.pick([...scope.lists, 'l_a']);
    return this.#random.chance(0.3) ? 'self.q' : `getattr(self, "${name}", ${JSON.stringify(this.#literals(0, 2))})`;
  }

  /** Statements that set artifacts. */
  #statements(scope: Scope, least = 0): string[] {
    const random = this.#random;
    return Array.from({ length: random.between(least, 2) }, () => {
      const isNumber = random.chance(0.7);
      const name = random.pick(isNumber ? scope.numbers : scope.lists);
      this.#set.push(name);
      if (!isNumber) return `self.${name} = (${this.#list(scope)} + [${this.#number(scope)}])[-5:]`;
      if (random.chance(0.2)) return `self.${name} = self.${name} + 1 if hasattr(self, "${name}") else 0`;
      const usesIndex = scope.items.length > 0 && random.chance(0.2);
      return `self.${name} = ${usesIndex ? 'self.index' : this.#number(scope)}`;
    });
  }

  // ------------------------------------------------------------------ elements

  #elements(scope: Scope): Element[] {
    const elements: Element[] = [];
    const count = this.#random.between(1, scope.depth === 0 ? 5 : 3);
    while (elements.length < count && (this.#left > 0 || elements.length === 0)) elements.push(...this.#element(scope));
    return elements;
  }

  #element(scope: Scope): Element[] {
    const kinds = ['step', 'step', 'foreach', 'foreach', 'branches', 'switch', 'while', 'until'] as const;
    const kind = scope.depth >= DEPTH_MAX || this.#left <= 1 ? 'step' : this.#random.pick(kinds);
    switch (kind) {
      case 'step':
        return [this.#anyStep(scope)];
      case 'foreach':
        return [this.#foreach(scope)];
      case 'branches':
        return [this.#branches(scope)];
      case 'switch':
        return [this.#switch(scope)];
      default:
        return this.#loop(kind, scope);
    }
  }

  #anyStep(scope: Scope, more: string[] = []): Element {
    const random = this.#random;
    if (more.length === 0 && !this.#options.isStock && random.chance(0.08)) return this.#elsewhere(scope);
    if (random.chance(0.25)) return this.#trying(scope, more);
    const lines = [...this.#statements(scope), ...more];
    return this.#step({ run: lines.join('\n') || 'pass' });
  }

  /** An action or a flow. What it answers is what it was given, see `simulate.py`. */
  #elsewhere(scope: Scope): Element {
    const random = this.#random;
    const isAction = random.chance(0.5);
    const given = { n: P, list: [1, Q, { deep: P }], text: `p is ${P}, $${P}` };
    const result = this.#name('r');
    this.#set.push(result);
    if (isAction) return this.#step({ action: '/_/echo', with: given, result });
    if (random.chance(0.5)) return this.#step({ flow: 'OtherFlow', with: given, result });
    const name = random.pick(scope.numbers);
    this.#set.push(name);
    return this.#step({ flow: 'OtherFlow', with: { [name]: P } });
  }

  /** A step that fails at first, or for good. */
  #trying(scope: Scope, more: string[]): Element {
    const random = this.#random;
    const times = random.between(0, 3);
    // An exception's traceback is not the same for all.
    const catches = !scope.isMerged && random.chance(0.5);
    const failures = random.between(0, times + (catches || this.#options.fails ? 1 : 0));
    // Loops count on what else is to be done.
    const crashes = catches && more.length === 0 && random.chance(0.2);
    const failure = crashes ? 'import os; os._exit(3)' : 'raise ConnectionError("not yet")';
    const lines = [
      'from metaflow import current',
      ...more,
      ...this.#statements(scope),
      `if current.retry_count < ${failures}:`,
      `    ${failure}`,
      ...this.#statements(scope),
    ];
    const on = random.chance(0.3) ? { on: [crashes ? 'crash' : random.pick(['ConnectionError', 'OSError'])] } : {};
    const caught = this.#name('c');
    if (catches) this.#set.push(caught);
    const isBrief = random.chance(0.3) && !('on' in on);
    return this.#step({
      run: lines.join('\n'),
      retry: isBrief ? times : { times, backoff: random.pick([0, '100ms', '2s']), ...on },
      ...(catches && { catch: caught }),
    });
  }

  #foreach(scope: Scope): Element {
    const random = this.#random;
    const width = random.between(1, Math.max(1, Math.min(4, Math.floor(this.#widthMax / scope.width))));
    const isSkipped = random.chance(0.3);
    const over = this.#over(scope, width, isSkipped);
    const collects = !this.#options.isStock && !scope.isMerged && random.chance(0.25);
    const joining = random.pick(['merge', 'run', 'run', 'collect', 'both'] as const);
    const as = random.chance(0.7) ? this.#name('i') : undefined;
    const before = this.#set.length;
    if (as) this.#set.push(as);
    const isMerged = joining === 'merge' || scope.isMerged;
    const inner: Scope = {
      ...scope,
      ...(isMerged && this.#ownNames()),
      items: isMerged ? [] : [...scope.items, ...(as ? [as] : [])],
      isMerged,
      depth: scope.depth + 1,
      width: scope.width * width,
    };
    const steps: Element[] = [];
    if (!as && !isMerged && random.chance(0.6)) {
      const name = random.pick(inner.numbers);
      this.#set.push(name);
      steps.push(this.#step({ run: `self.${name} = self.input + 1` }));
    }
    if (collects && as && !isMerged && random.chance(0.7)) {
      const run = `if self.${as} % 3 == ${random.below(3)}:\n    raise ValueError("bad item")`;
      steps.push(this.#step({ run }));
    }
    steps.push(...this.#elements(inner));
    const collected = joining === 'collect' || joining === 'both' ? [this.#name('k')] : [];
    if (collected.length > 0) steps.push(this.#step({ run: `self.${collected[0]} = ${this.#number(inner)}` }));
    const join = this.#join(scope, joining, collected, this.#set.slice(before), collects);
    this.#set.push(...collected);
    return {
      foreach: over,
      ...(as && { as }),
      ...(random.chance(0.5) && { concurrency: random.between(1, 4) }),
      ...(random.chance(0.3) && { batch: random.between(1, 5) }),
      ...(isSkipped && { onEmpty: 'skip' }),
      ...(collects && { onError: 'collect' }),
      ...(collects && random.chance(0.3) && { minSuccess: this.#options.fails ? random.pick([2, '70%']) : 1 }),
      steps,
      ...(join && { join }),
    };
  }

  #over(scope: Scope, width: number, mayBeEmpty: boolean): unknown {
    const random = this.#random;
    const least = mayBeEmpty || this.#options.fails ? 0 : 1;
    return random.pick<unknown>([
      this.#literals(Math.max(least, mayBeEmpty ? 0 : 1), width),
      `range(${this.#number(scope)} % ${width} + ${least})`,
      `(n + ${this.#number(scope)} for n in range(${width}))`,
      ...(width >= 3 ? ['q'] : []),
    ]);
  }

  /** Names that no other place sets. */
  #ownNames(): { numbers: string[]; lists: string[] } {
    return { numbers: [this.#name('n'), this.#name('n')], lists: [this.#name('l')] };
  }

  /** @param set inside of the fork */
  #join(
    scope: Scope,
    joining: 'merge' | 'run' | 'collect' | 'both',
    collected: string[],
    set: string[],
    collects: boolean,
  ): Element | undefined {
    const random = this.#random;
    if (joining === 'merge') return undefined;
    if (joining === 'collect') return { collect: collected, ...(random.chance(0.5) && this.#step({}, 'j')) };
    const inside = [...new Set(set)];
    const lines: string[] = [];
    const total = random.pick(scope.numbers);
    const summed = random.pick([...inside.filter((name) => /^[nik]_/.test(name)), total]);
    if (random.chance(0.5))
      lines.push(`self.merge_artifacts(inputs, exclude=${JSON.stringify([...inside, total, ...collected])})`);
    else if (scope.counters.length > 0)
      lines.push(`self.merge_artifacts(inputs, include=${JSON.stringify(scope.counters)})`);
    if (!lines[0]?.includes('exclude') || inside.includes(total))
      lines.push(`self.${total} = sum(getattr(i, "${summed}", 5) for i in inputs) % 89`);
    this.#set.push(total);
    if (collects) {
      const failed = random.pick(scope.numbers);
      lines.push(`self.${failed} = sum(failure["item"] + 1 for failure in self.failures)`);
      this.#set.push(failed, 'failures');
    }
    const isTried = random.chance(0.2);
    const trying = ['from metaflow import current', 'if current.retry_count < 1:', '    raise ConnectionError()'];
    return this.#step(
      {
        ...(collected.length > 0 && { collect: collected }),
        run: [...(isTried ? trying : []), ...lines].join('\n') || 'pass',
        ...(isTried && { retry: { times: random.between(1, 2), backoff: 0 } }),
      },
      'j',
    );
  }

  #branches(scope: Scope): Element {
    const random = this.#random;
    const joining = random.pick(['merge', 'run', 'run'] as const);
    const names = random.some(['left', 'Right side', 'ünï', 'b-3', 'x_y'], 0.5).slice(0, 3);
    const before = this.#set.length;
    const branches: Record<string, Element[]> = {};
    for (const name of names.length < 2 ? ['one', 'two'] : names) {
      const inner: Scope = {
        ...scope,
        ...(joining === 'merge' && { ...this.#ownNames(), isMerged: true }),
        depth: scope.depth + 1,
      };
      branches[name] = this.#elements(inner);
    }
    const join = this.#join(scope, joining, [], this.#set.slice(before), false);
    return { branches, ...(random.chance(0.4) && { concurrency: random.between(1, 3) }), ...(join && { join }) };
  }

  #switch(scope: Scope): Element {
    const random = this.#random;
    const inner = { ...scope, depth: scope.depth + 1 };
    const body = () => (random.chance(0.25) ? [] : this.#elements(inner));
    const [on, keys] = random.pick<[string, unknown[]]>([
      [`${this.#number(scope)} % 3`, [0, 1, 2]],
      [`${this.#number(scope)} > ${random.below(20)}`, [true, false]],
      [`["a", "b c", None][${this.#number(scope)} % 3]`, ['a', 'b c', null]],
      [`${this.#number(scope)} % 2 / 2`, [0, 0.5]],
      ['p', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ]);
    const some = random.some(keys, 0.6).slice(0, 4);
    const present = some.length > 0 ? some : keys.slice(0, 1);
    const cases = new Map(present.map((key) => [key, body()]));
    const needsDefault = present.length < keys.length && !this.#options.fails;
    return { switch: on, cases, ...((needsDefault || random.chance(0.3)) && { default: body() }) };
  }

  #loop(kind: 'while' | 'until', scope: Scope): Element[] {
    const random = this.#random;
    const most = Math.max(1, Math.min(4, Math.floor(this.#widthMax / scope.width)));
    const turns = random.between(0, most);
    const counter = random.chance(0.6) ? this.#name('t') : undefined;
    const max = counter === undefined || random.chance(0.3) ? random.between(1, most) : undefined;
    const forever =
      kind === 'while' ? ['True', 'self.p >= 0 and\nnot False'] : ['False', 'self.p < 0 or\nself.p is None'];
    const condition = counter ? `self.${counter} ${kind === 'while' ? '<' : '>='} ${turns}` : random.pick(forever);
    const inner: Scope = {
      ...scope,
      counters: [...scope.counters, ...(counter ? [counter] : [])],
      depth: scope.depth + 1,
      width: scope.width * most,
    };
    const before: Element[] = [];
    if (counter) {
      before.push(this.#step({ run: `self.${counter} = 0` }));
      this.#set.push(counter);
    }
    const count = counter ? [`self.${counter} += 1`] : [];
    if (this.#options.isStock || random.chance(0.4)) {
      return [...before, { [kind]: condition, ...(max && { max }), steps: [this.#anyStep(inner, count)] }];
    }
    const steps = this.#elements(inner);
    if (counter) steps.push(this.#step({ run: count[0] }));
    return [...before, { [kind]: condition, ...(max && { max }), steps }];
  }
}
