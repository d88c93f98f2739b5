import type { Branches, Foreach, Join } from '../model/flow.ts';
import { ITEM_ATTRIBUTES, isArtifactName } from '../model/names.ts';
import { suggest } from '../syntax/suggest.ts';
import type { Path, Setter, State } from './artifact-flow.ts';
import { FAILURE, FAILURES } from './artifact-flow.ts';
import type { Check } from './context.ts';
import { expressionOf } from './inspection.ts';
import type { Read } from './reads.ts';
import { alwaysThere, readsOf, readsOfExpression } from './reads.ts';

/** Names that are looked up among all others for a likely one at most: it takes time. */
const SUGGESTIONS_MAX = 20;

/** Steps of a path that a message names at most. */
const PATH_STEPS_MAX = 6;

/** An artifact is set before it is read, on one path at least. */
export const checkArtifactReads: Check = ({ flow, report, facts, artifacts }) => {
  if (!facts || !artifacts) return;
  const isAlwaysThere = alwaysThere(flow);
  let known: Map<string, Setter> | undefined;
  const settersOf = () => {
    known ??= artifacts.setters();
    return known;
  };
  let suggestions = 0;

  function check(read: Read, state: State, step?: string): void {
    const { name, text } = read;
    if (ITEM_ATTRIBUTES.has(name) && state.depth === 0) {
      const isJoin = state.joining?.element.kind === 'foreach';
      const hint = isJoin
        ? `the items are in inputs: [item.${name} for item in inputs]`
        : 'it is what a foreach is at: move the step into one';
      report.warning('no-item', read.span(), `${text} is None here: this is not a step of a foreach`, hint);
    }
    if (isAlwaysThere(name) || state.may(name)) return;
    const lost = state.joining ?? state.reset;
    if (lost && (lost.inner.any || lost.inner.sets.has(name) || lost.before.may(name))) {
      if (state.joining) reportInJoin(read, lost.element, lost.inner.sets.get(name));
      else reportNotKept(read, lost.join, lost.inner.sets.has(name));
      return;
    }
    const path = pathText(state.path);
    const before = text.startsWith('the output') ? '' : ' before this';
    const message = path === '' ? `nothing sets ${text}${before}` : `no step${before} sets ${text}: ${path}`;
    report.warning('never-set', read.span(), message, hintFor(read, state, step));
  }

  function hintFor({ name, text, span }: Read, state: State, step: string | undefined): string {
    const setters = settersOf();
    const setter = setters.get(name);
    if (setter && setter.step === step) return 'the step sets it, but reads it first: give it a value in a step before';
    if (setter?.isItem) {
      const line = report.source.position(setter.span()[0]).line;
      return `it is the item of the foreach on line ${line}: only its steps have it`;
    }
    if (setter) {
      const [at] = setter.span();
      const why = at > span()[0] ? 'but runs later' : 'but is on another path';
      return `"${setter.step}" sets it on line ${report.source.position(at).line}, ${why}`;
    }
    if (name === FAILURE) return 'only the steps of onFailure find a failure; catch keeps that of one step';
    if (name === FAILURES) return 'it is there in the join of a foreach with onError: collect';
    if (suggestions++ < SUGGESTIONS_MAX) {
      const all = [...setters.keys(), ...flow.parameters.map((parameter) => parameter.name.value)];
      const there = all.filter((other) => isAlwaysThere(other) || state.may(other));
      const meant = suggest(name, there) ?? suggest(name, all);
      if (meant !== undefined) return `did you mean ${text.replace(/^the \w+ /, '').replace(name, meant)}?`;
    }
    return 'set it in a step before, or make it a parameter';
  }

  function reportInJoin({ name, text, span }: Read, element: Foreach | Branches, setter: Setter | undefined): void {
    const message = `${text} is not there in a join, which begins with its inputs and nothing else`;
    let from = `inputs[0].${name}`;
    if (setter && element.kind === 'foreach') from = `[item.${name} for item in inputs]`;
    if (setter && element.kind === 'branches') from = `inputs.${setter.step}.${name}`;
    report.warning('read-in-join', span(), message, `take it from the inputs: ${from}`);
  }

  function reportNotKept({ name, text, span }: Read, join: Join, isOfInputs: boolean): void {
    const step = join.name?.value;
    const message = `${text} does not get past the join "${step}", which keeps only what it sets itself`;
    const hint = isOfInputs
      ? `set self.${name} in "${step}", from its inputs`
      : `in "${step}", write self.${name} = inputs[0].${name}, or self.merge_artifacts(inputs) for all that the inputs agree on`;
    report.warning('not-kept', span(), message, hint);
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
        // What a loop surely tests has to be there before its first turn.
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

/** `load → clean → report`, the middle of a long one left out. */
function pathText(path: Path | undefined): string {
  if (!path) return '';
  const steps: string[] = [];
  for (let at: Path | undefined = path; at && steps.length < PATH_STEPS_MAX; at = at.before) steps.unshift(at.step);
  if (path.length > PATH_STEPS_MAX) steps.splice(0, 2, path.first, '…');
  return steps.join(' → ');
}
