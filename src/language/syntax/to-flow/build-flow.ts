import type { Document, Node, Scalar } from 'yaml';
import { isMap, isScalar, isSeq } from 'yaml';
import { isNumber } from '../../../base/json.ts';
import { didYouMean } from '../../../base/suggest.ts';
import type { MinSuccess } from '../../../contract/plan.ts';
import type { Diagnostics } from '../../diagnostics/report.ts';
import type {
  Branch,
  Branches,
  Case,
  Element,
  Flow,
  FlowTarget,
  Foreach,
  Join,
  Located,
  Loop,
  Span,
  Step,
  StepSettings,
  Switch,
  Value,
} from '../../model/flow.ts';
import { FOREACH_CONCURRENCY_DEFAULT } from '../../model/flow.ts';
import type { Entry, PairOf } from '../nodes.ts';
import { pairsOf, spanOf, textOf } from '../nodes.ts';
import { readBody, readCall, readRun } from './read-body.ts';
import { readParameter } from './read-parameters.ts';
import { readRetry, readRuns, readSettings, SETTINGS_DEFAULT } from './read-settings.ts';
import { readSchedules, readTriggers } from './read-triggers.ts';
import { Reading } from './reading.ts';
import { warnOfLeadingZeros } from './scalars.ts';
import { warnOfUnexpanded } from './unexpanded.ts';

const ELEMENT_KINDS = ['step', 'foreach', 'branches', 'switch', 'while', 'until'] as const;

type ElementKind = (typeof ELEMENT_KINDS)[number];

/** `a step, a foreach or branches`, in a sentence. */
const KINDS_TEXT = 'a step, a foreach, branches, a switch, a while or an until';

/** Keys that users know from other systems, with their equivalent here. */
const FOREIGN_ELEMENTS: Record<string, string> = {
  action: 'name the step first: "- step: name"',
  call: 'name the step first: "- step: name"',
  flow: 'name the step first: "- step: name"',
  for: 'did you mean "foreach"?',
  if: 'did you mean "switch"? Its cases can be true and false',
  loop: 'did you mean "while"?',
  map: 'did you mean "foreach"?',
  name: 'did you mean "step"?',
  parallel: 'did you mean "branches"?',
  repeat: 'did you mean "until"?',
  run: 'name the step first: "- step: name"',
  task: 'did you mean "step"?',
};

/** Maximum nesting of elements: Python refuses a hundred levels of anything. */
export const NESTING_MAX = 32;

/** What Python accepts as a name, ASCII or not; anything else is an expression. */
const NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;

/**
 * Builds the typed flow. Parts that violate the schema are reported and omitted, so that checks can see the rest of
 * the flow.
 *
 * @returns undefined if the file is not a mapping
 */
export function buildFlow(document: Document.Parsed, report: Diagnostics): Flow | undefined {
  const root = document.contents as Node | null;
  if (!isMap(root)) {
    const span: Span = root ? spanOf(root) : [0, 0];
    report.error(
      'not-a-flow',
      span,
      'a flow file must be a mapping with the keys flow and steps',
      'start with "flow: MyFlow"',
    );
    return undefined;
  }
  return new Builder(new Reading(document, report)).flow(root);
}

class Builder {
  readonly #reading: Reading;
  readonly #report: Diagnostics;

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#report = reading.report;
  }

  flow(root: Node): Flow {
    const reading = this.#reading;
    reading.checkShape('flow', root);
    warnOfUnexpanded(reading);
    const settings = readSettings(reading, root, SETTINGS_DEFAULT);
    const at = (key: string) => reading.at(root, key);
    const description = textOf(at('description'));
    const target = reading.text(at('target'));
    const timeoutMs = reading.durationMs(at('timeout'));
    const runs = readRuns(reading, at('runs'));
    return {
      name: reading.text(at('flow')) ?? { value: '', span: spanOf(root) },
      ...(description !== undefined && { description }),
      tags: reading.texts(at('tags')),
      parameters: reading.entries(at('parameters')).flatMap((entry) => readParameter(reading, entry) ?? []),
      code: reading.texts(at('code')),
      outputs: reading.texts(at('outputs')),
      settings,
      schedules: readSchedules(reading, at('schedule')),
      triggers: readTriggers(reading, at('on')),
      target: (target?.value as FlowTarget | undefined) ?? 'composition',
      ...(target && { targetSpan: target.span }),
      ...(timeoutMs && { timeoutMs }),
      ...(runs && { runs }),
      steps: this.#elements(at('steps'), settings, 0),
      stepsSpan: reading.headOf(root, 'steps'),
      onFailure: this.#elements(at('onFailure'), settings, 0),
    };
  }

  #elements(node: Node | undefined, settings: StepSettings, depth: number): Element[] {
    const items = this.#reading.items(node);
    if (depth > NESTING_MAX && items[0]) {
      const message = `elements are nested more than ${NESTING_MAX} levels deep`;
      this.#report.error('too-deep', spanOf(items[0]), message, 'move the inner elements into a step or another flow');
      return [];
    }
    return items.flatMap((item) => this.#element(item, settings, depth) ?? []);
  }

  #element(node: Node, settings: StepSettings, depth: number): Element | undefined {
    const entries = this.#reading.entries(node);
    const isKind = (key: string): key is ElementKind => (ELEMENT_KINDS as readonly string[]).includes(key);
    const kind = entries.map(({ key }) => key).find(isKind);
    const first = entries[0];
    if (!first) {
      const message = `an element of steps must be a mapping: ${KINDS_TEXT}`;
      this.#report.error('unknown-element', spanOf(node), message, 'write "- step: name" with run or call below it');
      return undefined;
    }
    if (kind === undefined) {
      this.#reportUnknownElement(first);
      return undefined;
    }
    const other = entries.find(({ key }) => key !== kind && isKind(key));
    if (other) {
      const message = `this element is already a ${kind}; it cannot also have "${other.key}"`;
      this.#report.error('two-elements', other.keySpan, message, `start a new element: "- ${other.key}:"`);
      return undefined;
    }
    switch (kind) {
      case 'step':
        return this.#step(node, settings);
      case 'foreach':
        return this.#foreach(node, settings, depth);
      case 'branches':
        return this.#branches(node, settings, depth);
      case 'switch':
        return this.#switch(node, settings, depth);
      default:
        return this.#loop(kind, node, settings, depth);
    }
  }

  #reportUnknownElement({ key, keySpan }: Entry): void {
    if (key === 'join') {
      const message = 'a join belongs to a foreach or to branches; there is nothing to join here';
      const hint = 'indent it under the foreach or branches that it joins';
      this.#report.error('misplaced-join', keySpan, message, hint);
    } else if (key === 'cases' || key === 'default') {
      const message = `"${key}" belongs to a switch; there is none here`;
      this.#report.error('misplaced-key', keySpan, message, 'indent it under "- switch:"');
    } else {
      const foreign = Object.hasOwn(FOREIGN_ELEMENTS, key) ? FOREIGN_ELEMENTS[key] : undefined;
      const hint = foreign ?? didYouMean(key, ELEMENT_KINDS) ?? 'start it with "step: name"';
      this.#report.error('unknown-element', keySpan, `an element of steps must be ${KINDS_TEXT}, not "${key}"`, hint);
    }
  }

  #step(node: Node, inherited: StepSettings): Step | undefined {
    const reading = this.#reading;
    const join = reading.entries(node).find(({ key }) => key === 'join');
    if (join) {
      const message = 'a join belongs to a foreach or to branches; a step has nothing to join';
      const hint = 'make it a separate step, or move it to the element that it joins';
      this.#report.error('misplaced-join', join.keySpan, message, hint);
    }
    reading.checkShape('step', node, 'join');
    const name = reading.text(reading.at(node, 'step'));
    const body = readBody(reading, node);
    const rest = { ...readSettings(reading, node, inherited), ...this.#attempts(node) };
    return name && body && { kind: 'step', name, body, ...rest };
  }

  #attempts(node: Node): Pick<Step, 'retry' | 'catch' | 'cache'> {
    const retry = readRetry(this.#reading, node);
    const caught = this.#reading.text(this.#reading.at(node, 'catch'));
    const isCached = this.#reading.flag(this.#reading.at(node, 'cache'));
    return {
      ...(retry && { retry }),
      ...(caught && { catch: caught }),
      ...(isCached && { cache: this.#reading.headOf(node, 'cache') }),
    };
  }

  #foreach(node: Node, settings: StepSettings, depth: number): Foreach | undefined {
    const reading = this.#reading;
    reading.checkShape('foreach', node);
    const over = this.#items(reading.at(node, 'foreach'));
    const as = reading.text(reading.at(node, 'as'));
    const join = this.#join(node, settings);
    const minSuccess = this.#minSuccess(reading.at(node, 'minSuccess'));
    const steps = this.#elements(reading.at(node, 'steps'), settings, depth + 1);
    const span = reading.headOf(node, 'foreach');
    if (!over) return undefined;
    return {
      kind: 'foreach',
      over,
      ...(as && { as }),
      concurrency: this.#count(node, 'concurrency') ?? { value: FOREACH_CONCURRENCY_DEFAULT, span },
      batch: this.#count(node, 'batch')?.value ?? 1,
      onEmpty: textOf(reading.at(node, 'onEmpty')) === 'skip' ? 'skip' : 'fail',
      onError: textOf(reading.at(node, 'onError')) === 'collect' ? 'collect' : 'fail',
      ...(minSuccess && { minSuccess }),
      steps,
      ...(join && { join }),
      span,
    };
  }

  #items(node: Node | undefined): Foreach['over'] | undefined {
    if (!isSeq(node)) return this.#value(node);
    warnOfLeadingZeros(this.#reading, node);
    return { kind: 'list', values: this.#reading.value(node) as unknown[], span: spanOf(node) };
  }

  /** A name refers to an artifact; anything else is Python. */
  #value(node: Node | undefined): Value | undefined {
    const code = this.#reading.code(node);
    if (!code) return undefined;
    const name = code.text.trim();
    return NAME.test(name)
      ? { kind: 'artifact', name: { value: name, span: code.span } }
      : { kind: 'expression', code };
  }

  #minSuccess(node: Node | undefined): Located<MinSuccess> | undefined {
    if (!isScalar(node)) return undefined;
    const span = spanOf(node);
    const { value } = node;
    if (isNumber(value)) return { value: { count: Number(value) }, span };
    const percentage = Number(/^(\d+(?:\.\d+)?)\s*%$/.exec(String(value))?.[1]);
    if (percentage > 0 && percentage <= 100) return { value: { part: percentage / 100 }, span };
    if (typeof value === 'string') {
      this.#report.error(
        'wrong-value',
        span,
        `invalid number of items "${value}"`,
        'write a number, or a percentage such as 80%',
      );
    }
    return undefined;
  }

  #branches(node: Node, settings: StepSettings, depth: number): Branches {
    const reading = this.#reading;
    reading.checkShape('branches', node);
    const branches = reading.entries(reading.at(node, 'branches')).map(
      ({ key, keySpan, node: steps }): Branch => ({
        name: { value: key, span: keySpan },
        steps: this.#elements(steps, settings, depth + 1),
      }),
    );
    const join = this.#join(node, settings);
    const span = reading.headOf(node, 'branches');
    return {
      kind: 'branches',
      branches,
      concurrency: this.#count(node, 'concurrency') ?? { value: branches.length, span },
      ...(join && { join }),
      span,
    };
  }

  #join(node: Node, inherited: StepSettings): Join | undefined {
    const reading = this.#reading;
    const join = reading.entries(node).find(({ key }) => key === 'join');
    if (!join) return undefined;
    if (!isMap(join.node)) {
      const hint = 'write "join: { step: name, run: … }", or remove the join to merge the artifacts';
      this.#report.error('wrong-type', join.node ? spanOf(join.node) : join.keySpan, '"join" must be a step', hint);
      return undefined;
    }
    reading.checkShape('joinStep', join.node);
    const name = reading.text(reading.at(join.node, 'step'));
    const body = readRun(reading, join.node) ?? readCall(reading, join.node);
    const collect = reading.texts(reading.at(join.node, 'collect'));
    const rest = { ...readSettings(reading, join.node, inherited), ...this.#attempts(join.node) };
    if (!this.#isWholeJoin(join.node, name, body !== undefined)) return undefined;
    return {
      kind: 'join',
      ...(name && { name }),
      ...(body && { body }),
      collect,
      ...rest,
      span: reading.entries(join.node)[0]?.keySpan ?? join.keySpan,
    };
  }

  #isWholeJoin(node: Node, name: Located<string> | undefined, hasBody: boolean): boolean {
    const entries = this.#reading.entries(node);
    const keys = entries.map(({ key }) => key);
    const span = entries[0]?.keySpan ?? spanOf(node);
    if (keys.includes('run') && keys.includes('call')) {
      const second = entries.findLast(({ key }) => key === 'run' || key === 'call')?.keySpan ?? span;
      this.#report.error('two-bodies', second, 'a join has either run or call, not both', 'split it into two steps');
    } else if (!keys.some((key) => key === 'run' || key === 'call' || key === 'collect')) {
      const hint = 'add run or call, or collect with names of artifacts; or remove the join to merge them';
      this.#report.error('no-body', span, 'a join needs run, call or collect', hint);
      return false;
    } else if (hasBody && !name) {
      if (!keys.includes('step'))
        this.#report.error('missing-key', span, 'a join with run or call needs the key "step"', 'add "step: name"');
      return false;
    }
    return true;
  }

  #switch(node: Node, settings: StepSettings, depth: number): Switch | undefined {
    const reading = this.#reading;
    reading.checkShape('switch', node);
    const on = this.#value(reading.at(node, 'switch'));
    const cases = reading.at(node, 'cases');
    const fallback = reading.entries(node).find(({ key }) => key === 'default');
    const rest = {
      cases: pairsOf(reading.document, cases).flatMap((pair) => this.#case(pair, settings, depth) ?? []),
      ...(fallback && { default: this.#elements(fallback.node, settings, depth + 1) }),
    };
    if (!on) return undefined;
    return {
      kind: 'switch',
      on,
      ...rest,
      span: reading.headOf(node, 'switch'),
    };
  }

  #case({ key, keySpan, value: steps }: PairOf, settings: StepSettings, depth: number): Case | undefined {
    if (!isScalar(key)) {
      this.#report.error('wrong-type', keySpan, 'the value of a case must be text, a number, true or false');
      return undefined;
    }
    warnOfLeadingZeros(this.#reading, key);
    const { value } = key as Scalar<Case['value']['value']>;
    return { value: { value, span: keySpan }, steps: this.#elements(steps, settings, depth + 1) };
  }

  #loop(kind: Loop['kind'], node: Node, settings: StepSettings, depth: number): Loop | undefined {
    const reading = this.#reading;
    reading.checkShape(kind, node);
    const condition = reading.code(reading.at(node, kind));
    const max = this.#count(node, 'max');
    const pauseMs = this.#reading.durationMs(this.#reading.at(node, 'pause'));
    const steps = this.#elements(reading.at(node, 'steps'), settings, depth + 1);
    if (!condition) return undefined;
    return {
      kind,
      condition,
      ...(max && { max }),
      ...(pauseMs && { pauseMs }),
      steps,
      span: reading.headOf(node, kind),
    };
  }

  #count(node: Node, key: string): Located<number> | undefined {
    const count = this.#reading.number(this.#reading.at(node, key));
    return count && Number.isInteger(count.value) && count.value > 0 ? count : undefined;
  }
}
