import { suggest } from '../../base/suggest.ts';
import { ITEM_ATTRIBUTES } from '../../contract/protocol.generated.ts';
import type { Switch } from '../model/flow.ts';
import { isArtifactName } from '../model/reserved-names.ts';
import { expressionOf } from '../python/inspection.ts';
import { FAILURE_ARTIFACT, FAILURES_ARTIFACT } from './artifact-flow.ts';
import type { Drop, OnlyPath, Path, Setter, State } from './artifact-state.ts';
import type { Check } from './context.ts';
import type { Read } from './reads.ts';
import { alwaysThere, readsOf, readsOfExpression } from './reads.ts';

/** Maximum number of names for which a suggestion is searched, because that takes time. */
const SUGGESTIONS_MAX = 20;

/** Maximum number of steps in a path shown in a message. */
const PATH_STEPS_MAX = 6;

/** Stands for the value of a switch's default. */
const DEFAULT = Symbol('default');

/** Checks that artifacts are set before they are read, on at least one path. */
export const checkArtifactReads: Check = ({ flow, report, facts, artifacts }) => {
  if (!facts || !artifacts) return;
  const isAlwaysThere = alwaysThere(flow);
  let known: Map<string, Setter> | undefined;
  const settersOf = () => {
    known ??= artifacts.setters();
    return known;
  };
  let suggestions = 0;
  const reported = new Set<OnlyPath>();

  function check(read: Read, state: State, step?: string): void {
    const { name, text } = read;
    if (ITEM_ATTRIBUTES.has(name) && state.depth === 0) {
      const isJoin = state.joining?.kind === 'foreach';
      const hint = isJoin
        ? `the items are in inputs: [item.${name} for item in inputs]`
        : 'it exists only inside a foreach: move the step into one';
      report.warning('no-item', read.span(), `${text} is None here: this step is not inside a foreach`, hint);
    }
    if (isAlwaysThere(name)) return;
    if (state.may(name)) {
      const setter = state.setterOf(name);
      if (read.sure && setter?.only && !state.any) reportOnly(read, setter.only, state);
      return;
    }
    const drop = state.dropOf(name);
    if (drop) {
      if (drop.element === state.joining) reportInJoin(read, drop);
      else reportNotKept(read, drop);
      return;
    }
    const path = pathText(state.path);
    const steps = text.startsWith('the output') ? 'no step' : 'no earlier step';
    const message = `${steps} sets ${text}${path === '' ? '' : ` on the path ${path}`}`;
    report.warning('never-set', read.span(), message, hintFor(read, state, step));
  }

  function hintFor({ name, text, span }: Read, state: State, step: string | undefined): string {
    const setters = settersOf();
    const setter = setters.get(name);
    if (setter && setter.step === step) return 'the step reads it before setting it: set it in an earlier step';
    if (setter?.isItem) {
      const line = report.source.position(setter.span()[0]).line;
      return `it is the item of the foreach on line ${line} and exists only in its steps`;
    }
    if (setter) {
      const [at] = setter.span();
      const why = at > span()[0] ? 'but runs later' : 'but is on another path';
      return `"${setter.step}" sets it on line ${report.source.position(at).line}, ${why}`;
    }
    if (name === FAILURE_ARTIFACT)
      return 'self.failure exists only in onFailure steps; use catch to store the failure of one step';
    if (name === FAILURES_ARTIFACT) return 'it exists only in the join of a foreach with "onError: collect"';
    if (suggestions++ < SUGGESTIONS_MAX) {
      const all = [...setters.keys(), ...flow.parameters.map((parameter) => parameter.name.value)];
      const there = all.filter((other) => isAlwaysThere(other) || state.may(other));
      const meant = suggest(name, there) ?? suggest(name, all);
      if (meant !== undefined) return `did you mean ${text.replace(/^the \w+ /, '').replace(name, meant)}?`;
    }
    return 'set it in an earlier step, or make it a parameter';
  }

  function reportInJoin({ name, text, span }: Read, drop: Drop): void {
    const { element, setter } = drop;
    const from = element.kind === 'foreach' ? `[item.${name} for item in inputs]` : `inputs.${setter.step}.${name}`;
    report.warning(
      'read-in-join',
      span(),
      `${text} is not available in the join: ${whyDropped(drop)}`,
      `read it from the inputs: ${from}`,
    );
  }

  function reportNotKept({ name, text, span }: Read, drop: Drop): void {
    const step = drop.join.name?.value;
    const join = step === undefined ? 'the join' : `the join "${step}"`;
    const hint =
      step === undefined
        ? `collect it: "join: { collect: [${name}] }"`
        : `set self.${name} in "${step}" from its inputs`;
    report.warning('not-kept', span(), `${join} drops ${text}: ${whyDropped(drop)}`, hint);
  }

  /**
   * The first read of an artifact that is set on one path only: if it does not fail, later reads do not fail either.
   */
  function reportOnly({ text, span }: Read, only: OnlyPath, state: State): void {
    if (reported.has(only) || isOnPath(only, state)) return;
    reported.add(only);
    const line = report.source.position(only.element.span[0]).line;
    if (only.kind === 'skip') {
      const message = `${text} might not be set: an empty list skips the foreach on line ${line}`;
      report.warning('may-not-be-set', span(), message, 'set it before the foreach');
      return;
    }
    const sets = `${casesText(only.element, only.cases)} ${only.cases.length === 1 ? 'sets' : 'set'} it`;
    const message = `${text} might not be set: in the switch on line ${line}, only ${sets}`;
    report.warning('may-not-be-set', span(), message, 'set it before the switch, or in every case');
  }

  artifacts.walk({
    element(element, state) {
      if (element.kind === 'step') {
        for (const read of readsOf(element.body, facts)) check(read, state, element.name.value);
        return;
      }
      const head = element.kind === 'foreach' ? element.over : element.kind === 'switch' ? element.on : undefined;
      if (head?.kind === 'artifact' && isArtifactName(head.name.value)) {
        const { value, span } = head.name;
        check({ name: value, span: () => span, text: `"${value}"`, sure: true }, state);
      }
      if (element.kind === 'until') return;
      for (const read of readsOfExpression(expressionOf(element), facts)) {
        // What a loop's condition always reads must exist before the first turn.
        if (read.sure || element.kind !== 'while') check(read, state);
      }
    },
    turn(loop, state) {
      for (const read of readsOfExpression(loop.condition, facts)) {
        if (!read.sure || loop.kind === 'until') check(read, state);
      }
    },
    join({ join }, { state }) {
      if (!join) return;
      for (const read of readsOf(join.body, facts)) {
        if (join.body?.kind !== 'call' || read.name !== 'inputs') check(read, state, join.name?.value);
      }
    },
    end(state) {
      for (const { value, span } of flow.outputs) {
        if (!isArtifactName(value)) continue;
        check({ name: value, span: () => span, text: `the output "${value}"`, sure: true }, state);
      }
    },
  });
};

function whyDropped({ element, branches, setter }: Drop): string {
  if (branches) return `the branches "${branches[0]}" and "${branches[1]}" might set different values`;
  return element.kind === 'foreach' ? `"${setter.step}" sets it for each item` : 'its inputs differ in it';
}

/** `case "a"`, `case "a" and the default`. */
function casesText({ cases }: Switch, places: readonly number[]): string {
  return places
    .map((place) => (place === -1 ? 'the default' : `case ${JSON.stringify(cases[place]?.value.value)}`))
    .join(' and ');
}

/** Whether a place is inside a case of a switch over the same value that set the artifact. */
function isOnPath(only: OnlyPath, state: State): boolean {
  if (only.kind === 'skip') return false;
  const { element } = only;
  const values = new Set(only.cases.map((place) => valueAt(element, place)));
  for (const around of state.cases()) {
    if (textOn(around.element) === textOn(element) && values.has(valueAt(around.element, around.place))) return true;
  }
  return false;
}

function valueAt({ cases }: Switch, place: number): unknown {
  return place === -1 ? DEFAULT : cases[place]?.value.value;
}

function textOn({ on }: Switch): string {
  return on.kind === 'artifact' ? on.name.value : on.code.text.trim();
}

/** `load → clean → report`; the middle of a long path is omitted. */
function pathText(path: Path | undefined): string {
  if (!path) return '';
  const steps: string[] = [];
  for (let at: Path | undefined = path; at && steps.length < PATH_STEPS_MAX; at = at.before) steps.unshift(at.step);
  if (path.length > PATH_STEPS_MAX) steps.splice(0, 2, path.first, '…');
  return steps.join(' → ');
}
