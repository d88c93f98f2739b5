import type { Document, Node, Scalar } from 'yaml';
import { isMap, isScalar, isSeq } from 'yaml';
import { parseDurationMs } from '../model/duration.ts';
import type { Body, Branch, Element, Flow, Foreach, Located, Parameter, Resources, Span, Step } from '../model/flow.ts';
import { FOREACH_CONCURRENCY_DEFAULT, MEMORY_DEFAULT_MB, TIMEOUT_DEFAULT_MS } from '../model/flow.ts';
import type { ParameterType } from '../model/plan.ts';
import { parseSizeMB } from '../model/size.ts';
import type { Entry } from './nodes.ts';
import { entriesOf, itemsOf, spanOf, textOf, toValue, valueAt } from './nodes.ts';
import type { Report } from './report.ts';
import { offsetsOf } from './scalar-offsets.ts';
import type { Kind } from './shape.ts';
import { checkShape } from './shape.ts';
import { didYouMean } from './suggest.ts';

const ELEMENT_KINDS = ['step', 'foreach', 'branches'] as const;

/** Kinds of elements that the design has and this version has not. */
const ELEMENT_KINDS_NOT_YET = ['switch', 'while'];

/** Elements nested in each other at most: Python refuses a hundred levels of anything, and so do readers. */
export const NESTING_MAX = 32;

/**
 * Builds the typed flow. Whatever is not as the schema wants it is reported and left out, so that the checks still see the
 * rest of the flow.
 *
 * @returns nothing where the file is not even a mapping
 */
export function buildFlow(document: Document.Parsed, report: Report): Flow | undefined {
  const root = document.contents as Node | null;
  if (!isMap(root)) {
    const span: Span = root ? spanOf(root) : [0, 0];
    report.error(
      'not-a-flow',
      span,
      'a flow file is a mapping with the keys flow and steps',
      'start with "flow: MyFlow"',
    );
    return undefined;
  }
  return new Builder(document, report).flow(root);
}

class Builder {
  readonly #document: Document.Parsed;
  readonly #report: Report;

  constructor(document: Document.Parsed, report: Report) {
    this.#document = document;
    this.#report = report;
  }

  flow(root: Node): Flow {
    this.#checkShape('flow', root);
    const resources = this.#resources(this.#at(root, 'resources'), {
      memoryMB: MEMORY_DEFAULT_MB,
      timeoutMs: TIMEOUT_DEFAULT_MS,
    });
    const stepsNode = this.#at(root, 'steps');
    const description = textOf(this.#at(root, 'description'));
    return {
      name: this.#text(this.#at(root, 'flow')) ?? { value: '', span: spanOf(root) },
      ...(description !== undefined && { description }),
      parameters: this.#entries(this.#at(root, 'parameters')).flatMap((entry) => this.#parameter(entry) ?? []),
      code: this.#texts(this.#at(root, 'code')),
      outputs: this.#texts(this.#at(root, 'outputs')),
      pip: this.#texts(this.#at(this.#at(root, 'environment'), 'pip')),
      resources,
      steps: this.#elements(stepsNode, resources, 0),
      stepsSpan: this.#headOf(root, 'steps'),
    };
  }

  #parameter({ key, keySpan, node }: Entry): Parameter | undefined {
    const type = textOf(this.#at(node, 'type')) as ParameterType | undefined;
    if (type === undefined) return undefined;
    const fallback = this.#at(node, 'default');
    const help = textOf(this.#at(node, 'help'));
    return {
      name: { value: key, span: keySpan },
      type,
      required: (this.#at(node, 'required') as Scalar | undefined)?.value === true,
      ...(fallback && { default: { value: toValue(this.#document, fallback), span: spanOf(fallback) } }),
      ...(help !== undefined && { help }),
    };
  }

  #resources(node: Node | undefined, inherited: Resources): Resources {
    const { memoryMB, timeoutMs } = inherited;
    const resources: Resources = { memoryMB, timeoutMs };
    const memory = this.#at(node, 'memory');
    if (isScalar(memory) && memory.value !== null) {
      const size = parseSizeMB(memory.value);
      const span = spanOf(memory);
      if (size !== undefined) Object.assign(resources, { memoryMB: size, memorySpan: span });
      else this.#report.error('bad-size', span, `${memory.value} is no amount of memory`, 'write 512, 512Mi or 1Gi');
    }
    const timeout = this.#at(node, 'timeout');
    if (isScalar(timeout) && timeout.value !== null) {
      const duration = parseDurationMs(timeout.value);
      const span = spanOf(timeout);
      if (duration !== undefined) Object.assign(resources, { timeoutMs: duration, timeoutSpan: span });
      else this.#report.error('bad-duration', span, `${timeout.value} is no span of time`, 'write 90s, 2m or 500ms');
    }
    return resources;
  }

  #elements(node: Node | undefined, resources: Resources, depth: number): Element[] {
    const items = itemsOf(this.#document, node);
    if (depth > NESTING_MAX && items[0]) {
      const message = `forks are nested more than ${NESTING_MAX} deep here`;
      this.#report.error('too-deep', spanOf(items[0]), message, 'make a step of the inner ones');
      return [];
    }
    return items.flatMap((item) => this.#element(item, resources, depth) ?? []);
  }

  #element(node: Node, resources: Resources, depth: number): Element | undefined {
    const entries = this.#entries(node);
    const kind = entries.find(({ key }) => (ELEMENT_KINDS as readonly string[]).includes(key))?.key;
    const first = entries[0];
    if (!first) {
      const hint = 'write "- step: name" and below it run or call';
      this.#report.error(
        'unknown-element',
        spanOf(node),
        'an element of steps is a mapping: a step, a foreach or branches',
        hint,
      );
      return undefined;
    }
    if (kind === undefined) {
      this.#reportUnknownElement(first);
      return undefined;
    }
    const other = entries.find(({ key }) => key !== kind && (ELEMENT_KINDS as readonly string[]).includes(key));
    if (other) {
      const message = `this element is a ${kind} already; "${other.key}" is another`;
      this.#report.error('two-elements', other.keySpan, message, `start a new element: "- ${other.key}:"`);
      return undefined;
    }
    if (kind === 'step') return this.#step(node, resources);
    if (kind === 'foreach') return this.#foreach(node, resources, depth);
    return this.#branches(node, resources, depth);
  }

  #reportUnknownElement({ key, keySpan }: Entry): void {
    if (key === 'join') {
      const message = 'a join belongs to a foreach or to branches; here is nothing to join';
      this.#report.error(
        'misplaced-join',
        keySpan,
        message,
        'indent it to stand below the foreach or the branches that it joins',
      );
    } else if (ELEMENT_KINDS_NOT_YET.includes(key)) {
      this.#report.error(
        'not-yet',
        keySpan,
        `there is no "${key}" yet`,
        'this version of nuvopipe has step, foreach and branches',
      );
    } else {
      const hint = didYouMean(key, ELEMENT_KINDS) ?? 'start it with "step: name"';
      this.#report.error(
        'unknown-element',
        keySpan,
        `an element of steps is a step, a foreach or branches, not "${key}"`,
        hint,
      );
    }
  }

  #step(node: Node, inherited: Resources): Step | undefined {
    const join = this.#entries(node).find(({ key }) => key === 'join');
    if (join) {
      const message = 'a join belongs to a foreach or to branches; a step has nothing to join';
      this.#report.error(
        'misplaced-join',
        join.keySpan,
        message,
        'make it a step of its own, or move it to what it joins',
      );
    }
    this.#checkShape('step', node, 'join');
    const resources = this.#resources(this.#at(node, 'resources'), inherited);
    const name = this.#text(this.#at(node, 'step'));
    const body = this.#body(node);
    return name && body && { kind: 'step', name, body, resources };
  }

  #body(node: Node): Body | undefined {
    const run = this.#at(node, 'run');
    const text = textOf(run);
    if (text !== undefined) {
      const scalar = run as Scalar;
      return { kind: 'run', text, span: spanOf(scalar), offsetAt: offsetsOf(scalar, this.#report.source.text) };
    }
    const call = this.#text(this.#at(node, 'call'));
    if (!call) return undefined;
    const [module = '', name = '', ...rest] = call.value.split(':');
    return { kind: 'call', module, function: [name, ...rest].join(':'), span: call.span };
  }

  #foreach(node: Node, resources: Resources, depth: number): Foreach | undefined {
    this.#checkShape('foreach', node);
    const over = this.#text(this.#at(node, 'foreach'));
    if (!over) return undefined;
    const as = this.#text(this.#at(node, 'as'));
    const join = this.#join(node, resources);
    return {
      kind: 'foreach',
      over,
      ...(as && { as }),
      concurrency: this.#concurrency(node) ?? FOREACH_CONCURRENCY_DEFAULT,
      steps: this.#elements(this.#at(node, 'steps'), resources, depth + 1),
      ...(join && { join }),
      span: this.#headOf(node, 'foreach'),
    };
  }

  #branches(node: Node, resources: Resources, depth: number): Element | undefined {
    this.#checkShape('branches', node);
    const branches = this.#entries(this.#at(node, 'branches')).map(
      ({ key, keySpan, node: steps }): Branch => ({
        name: { value: key, span: keySpan },
        steps: this.#elements(steps, resources, depth + 1),
      }),
    );
    const join = this.#join(node, resources);
    return {
      kind: 'branches',
      branches,
      concurrency: this.#concurrency(node) ?? branches.length,
      ...(join && { join }),
      span: this.#headOf(node, 'branches'),
    };
  }

  #join(node: Node, resources: Resources): Step | undefined {
    const join = this.#entries(node).find(({ key }) => key === 'join');
    if (!join) return undefined;
    if (!isMap(join.node)) {
      const hint = 'write "join: { step: name, run: … }", or leave it out to merge the artifacts';
      this.#report.error('wrong-type', join.node ? spanOf(join.node) : join.keySpan, '"join" has to be a step', hint);
      return undefined;
    }
    return this.#step(join.node, resources);
  }

  #concurrency(node: Node): number | undefined {
    const value = (this.#at(node, 'concurrency') as Scalar | undefined)?.value;
    return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
  }

  /** Checks a part against its schema, but for a key that has been spoken of already. */
  #checkShape(kind: Kind, node: Node, ignoredKey?: string): void {
    const value: Record<string, unknown> = {};
    for (const { key, node: child } of this.#entries(node)) {
      if (key !== ignoredKey) value[key] = this.#shapeOf(key, child, kind);
    }
    checkShape(kind, value, node, this.#document, this.#report);
  }

  /** As JavaScript has it; the elements of `steps` are left out, they are checked each by itself. */
  #shapeOf(key: string, node: Node | undefined, kind: Kind): unknown {
    const hollow = (child: Node | undefined) =>
      isSeq(child) ? child.items.map(() => null) : isMap(child) ? {} : toValue(this.#document, child);
    if (key === 'steps' || key === 'join') return hollow(node);
    if (kind !== 'branches' || key !== 'branches' || !isMap(node)) return toValue(this.#document, node);
    return Object.fromEntries(this.#entries(node).map((branch) => [branch.key, hollow(branch.node)]));
  }

  #text(node: Node | undefined): Located<string> | undefined {
    const value = textOf(node);
    return value === undefined ? undefined : { value, span: spanOf(node as Node) };
  }

  #texts(node: Node | undefined): Located<string>[] {
    return itemsOf(this.#document, node).flatMap((item) => this.#text(item) ?? []);
  }

  #at(node: Node | undefined, key: string): Node | undefined {
    return valueAt(this.#document, node, key);
  }

  #entries(node: Node | undefined): Entry[] {
    return entriesOf(this.#document, node);
  }

  #headOf(node: Node, key: string): Span {
    return this.#entries(node).find((entry) => entry.key === key)?.keySpan ?? spanOf(node);
  }
}
