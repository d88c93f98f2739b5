import type { Foreach, Span } from '../model/flow.ts';
import { ITEM_ATTRIBUTES } from '../model/names.ts';
import type { ArtifactFlow, Fork, Setter } from './artifact-flow.ts';
import type { Check, CheckContext } from './context.ts';
import type { PythonFacts } from './inspection.ts';

/**
 * What is merged has one value (Metaflow's `merge_artifacts`): the branches must not disagree on it, nor the items. Whether
 * they do is known when they run, so this warns.
 */
export const checkJoinConflicts: Check = ({ report, facts, artifacts }) => {
  if (!facts || !artifacts) return;
  artifacts.walk({
    join(element, fork) {
      const { join } = element;
      // Without a body of its own, a join that collects leaves out what the inputs disagree on.
      if (join && join.body?.kind !== 'run') return;
      const found = join?.body?.kind === 'run' ? facts.bodies.get(join.body) : undefined;
      const merge = found?.merges[0];
      if (join && (!found || !merge)) return;
      const settled = new Set([...(found?.sets.map(({ name }) => name) ?? []), ...(merge?.exclude ?? [])]);
      const asked = (name: string) => !settled.has(name) && (merge?.include?.includes(name) ?? true);
      if (merge && merge.exclude === null) return;
      const at = merge && found?.spanOf(merge.at);
      if (element.kind === 'branches') reportBranches(fork, asked, at, report);
      else reportItems(element, asked, at, { facts, report, artifacts });
    },
  });
};

function reportBranches(
  { before, branches }: Fork,
  asked: (name: string) => boolean,
  merge: Span | undefined,
  report: CheckContext['report'],
): void {
  const names = new Set(branches.flatMap(({ effect }) => [...effect.sets.keys()]));
  for (const name of names) {
    if (!asked(name)) continue;
    const setters = branches.flatMap(({ name: branch, effect }) => {
      const setter = effect.sets.get(name);
      return setter ? [{ branch: branch as string, setter }] : [];
    });
    const [first, second] = setters;
    const keeps = branches.find(({ effect }) => effect.keeps && !effect.sets.has(name));
    const kept = keeps && before.setterOf(name);
    if (!first || (!second && !kept) || agree([...setters.map(({ setter }) => setter), ...(kept ? [kept] : [])]))
      continue;
    const why = merge ? 'merge_artifacts' : 'a join that is left out';
    const fix = merge
      ? `set self.${name} before it merges, or exclude=["${name}"]`
      : `write a join that says which: self.${name} = inputs.${first.setter.step}.${name}`;
    if (second) {
      const line = report.source.position(first.setter.span()[0]).line;
      const message = `"${first.branch}" (line ${line}) and "${second.branch}" both set "${name}": ${why} fails if they differ`;
      report.warning('join-conflict', second.setter.span(), message, fix);
    } else {
      const message = `the branch "${first.branch}" changes "${name}", and "${keeps?.name}" does not: ${why} fails if they differ`;
      report.warning('join-conflict', first.setter.span(), message, fix);
    }
  }
}

/** Warns where what an item sets depends on the item. */
function reportItems(
  element: Foreach,
  asked: (name: string) => boolean,
  merge: Span | undefined,
  { facts, report, artifacts }: { facts: PythonFacts; report: CheckContext['report']; artifacts: ArtifactFlow },
): void {
  const varying = new Set([...ITEM_ATTRIBUTES, ...(element.as ? [element.as.value] : [])]);
  for (const inner of element.steps) {
    if (inner.kind !== 'step') continue;
    const { body, name: step } = inner;
    const read =
      body?.kind === 'run'
        ? (facts.bodies.get(body)?.mentions ?? [])
        : body?.kind === 'call'
          ? namesOf(facts.functionOf(body))
          : body.with.references.map(({ value }) => value);
    if (!read.some((name) => varying.has(name))) continue;
    for (const [name, setter] of artifacts.stepEffect(inner).sets) {
      if (setter.literal !== undefined || name === inner.catch?.value) continue;
      varying.add(name);
      if (!asked(name)) continue;
      const why = merge ? 'merge_artifacts' : 'a join that is left out';
      const message = `"${step.value}" sets "${name}" for each item: ${why} fails if the items differ`;
      const hint = merge
        ? `set self.${name} before it merges, or exclude=["${name}"]`
        : `collect them: "join: { collect: [${name}] }", or write a join with run`;
      report.warning('join-conflict', setter.span(), message, hint);
    }
  }
}

function namesOf(found: ReturnType<PythonFacts['functionOf']>): string[] {
  return found ? [...found.required, ...found.optional] : [];
}

/** Whether all set the same literal. */
function agree(setters: readonly Setter[]): boolean {
  return setters.every(({ literal }) => literal !== undefined && literal === setters[0]?.literal);
}
