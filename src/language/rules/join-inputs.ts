import { didYouMean } from '../../base/suggest.ts';
import type { Branches, Element, Foreach, Located } from '../model/flow.ts';
import { isArtifactName } from '../model/reserved-names.ts';
import type { InputFact } from '../python/facts.ts';
import type { Fork } from './artifact-flow.ts';
import { State } from './artifact-state.ts';
import type { Check } from './context.ts';
import { alwaysThere } from './reads.ts';

/** Checks that inputs have the artifacts that a join reads from them. */
export const checkJoinInputs: Check = ({ flow, report, facts, artifacts }) => {
  if (!facts || !artifacts) return;
  const isAlwaysThere = alwaysThere(flow);

  function sides(element: Foreach | Branches, { before, branches }: Fork) {
    return branches.map(({ name, effect, steps }) => {
      const after = new State({ parent: before });
      after.add(effect);
      return {
        name: name as string,
        last: lastStep(steps),
        has: (artifact: string) =>
          after.may(artifact) || (element.kind === 'foreach' && element.as?.value === artifact),
        effect,
      };
    });
  }

  artifacts.walk({
    join(element, fork) {
      const { join } = element;
      if (!join) return;
      const all = sides(element, fork);
      const what = element.kind === 'foreach' ? 'no step of the foreach' : 'no step of the branches';
      const names = () => all.flatMap(({ effect }) => [...effect.sets.keys()]);

      function checkCollected({ value, span }: Located<string>): void {
        if (isAlwaysThere(value) || !isArtifactName(value)) return;
        const without = all.filter(({ has }) => !has(value));
        if (without.length === 0) return;
        if (without.length < all.length) {
          const message = `no step of the branch "${without[0]?.name}" sets "${value}", which is collected from all branches`;
          report.warning('never-set', span, message, 'set it in that branch, or write a join with run');
          return;
        }
        const hint = didYouMean(value, names()) ?? 'collect artifacts that the items or branches set';
        report.warning('never-set', span, `cannot collect "${value}": ${what} sets it`, hint);
      }

      function checkInput({ name, at, step, each }: InputFact): void {
        const spanOf = () => bodyFacts?.spanOf(at) ?? join?.span ?? element.span;
        const lasts = all.map(({ last }) => last);
        if (step !== null && lasts.every((last) => last !== undefined) && !lasts.includes(step)) {
          if (name !== null) return;
          const known = [...new Set(lasts)].map((last) => `inputs.${last}`).join(', ');
          const hint = didYouMean(step, lasts as string[]) ?? `inputs are named after the last steps: ${known}`;
          report.error('no-such-input', spanOf(), `the join has no input "${step}"`, hint);
          return;
        }
        if (name === null || name.startsWith('_') || isAlwaysThere(name)) return;
        const asked = step === null ? all : all.filter(({ last }) => last === step || last === undefined);
        const missing = asked.filter(({ has }) => !has(name));
        if (missing.length === 0 || (!each && missing.length < asked.length)) return;
        const setting = all.find(({ has }) => has(name));
        if (setting && element.kind === 'branches') {
          const branch = missing[0]?.name;
          const hint = `the branch "${setting.name}" does${setting.last === undefined ? '' : `: inputs.${setting.last}.${name}`}`;
          report.warning('never-set', spanOf(), `no step of the branch "${branch}" sets "${name}"`, hint);
          return;
        }
        const hint = didYouMean(name, names()) ?? 'read artifacts that the steps of the inputs set';
        report.warning('never-set', spanOf(), `the inputs have no "${name}": ${what} sets it`, hint);
      }

      const bodyFacts = join.body?.kind === 'run' ? facts.bodies.get(join.body) : undefined;
      for (const collected of join.collect) checkCollected(collected);
      for (const input of bodyFacts?.inputs ?? []) checkInput(input);
    },
  });
};

/** The step by which a join refers to an input; undefined if there are several or it is synthetic. */
function lastStep(steps: readonly Element[]): string | undefined {
  const last = steps.at(-1);
  if (last?.kind === 'step') return last.name.value;
  if (last?.kind === 'branches') return last.join?.name?.value;
  return last?.kind === 'foreach' && last.onEmpty === 'fail' ? last.join?.name?.value : undefined;
}
