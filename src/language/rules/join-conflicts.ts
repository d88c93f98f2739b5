import type { Branches, Span } from '../model/flow.ts';
import type { Fork } from './artifact-flow.ts';
import type { Effect, Setter } from './artifact-state.ts';
import type { Check, CheckContext } from './context.ts';
import { branchDifferences, itemDifferences } from './join-differences.ts';

/**
 * Merged artifacts must have one value (Metaflow's `merge_artifacts`): branches or items must not disagree. Whether
 * they do is known only at run time, so this is a warning.
 */
export const checkJoinConflicts: Check = ({ report, facts, artifacts }) => {
  if (!facts || !artifacts) return;
  artifacts.walk({
    join(element, fork) {
      const { join } = element;
      const found = join?.body?.kind === 'run' ? facts.bodies.get(join.body) : undefined;
      const merge = found?.merges[0];
      // An explicit join drops artifacts on which its inputs disagree, unless its body merges them.
      if (join && (!merge || merge.exclude === null)) return;
      const settled = new Set([...(found?.sets.map(({ name }) => name) ?? []), ...(merge?.exclude ?? [])]);
      const asked = (name: string) => !settled.has(name) && (merge?.include?.includes(name) ?? true);
      const at = merge && found?.spanOf(merge.at);
      if (element.kind === 'branches') return reportBranches(element, fork, asked, at, report);
      for (const [name, setter] of itemDifferences(element, facts, (step) => artifacts.stepEffect(step))) {
        if (asked(name) && fork.branches[0]?.effect.sets.has(name)) reportItem(name, setter, at, report);
      }
    },
  });
};

function reportBranches(
  { branches }: Branches,
  fork: Fork,
  asked: (name: string) => boolean,
  merge: Span | undefined,
  report: CheckContext['report'],
): void {
  const all = branches.map(({ name }, index) => ({ name: name.value, effect: fork.branches[index]?.effect as Effect }));
  const why = merge ? 'merge_artifacts' : 'the implicit join';
  for (const [name, { first, second }] of branchDifferences(all)) {
    const kept = fork.before.setterOf(name);
    if (!asked(name)) continue;
    const fix = merge
      ? `set self.${name} before the merge, or pass exclude=["${name}"]`
      : `write a join that chooses one: self.${name} = inputs.${first.setter.step}.${name}`;
    if (second.setter) {
      const line = report.source.position(first.setter.span()[0]).line;
      const message = `"${first.name}" (line ${line}) and "${second.name}" both set "${name}": ${why} fails if they differ`;
      report.warning('join-conflict', second.setter.span(), message, fix);
    } else if (kept && (kept.literal === undefined || kept.literal !== first.setter.literal)) {
      const message = `the branch "${first.name}" changes "${name}", and "${second.name}" does not: ${why} fails if they differ`;
      report.warning('join-conflict', first.setter.span(), message, fix);
    }
  }
}

/** Warns if what an item sets depends on the item. */
function reportItem(name: string, setter: Setter, merge: Span | undefined, report: CheckContext['report']): void {
  const why = merge ? 'merge_artifacts' : 'the implicit join';
  const message = `"${setter.step}" sets "${name}" for each item: ${why} fails if the items differ`;
  const hint = merge
    ? `set self.${name} before the merge, or pass exclude=["${name}"]`
    : `collect them: "join: { collect: [${name}] }", or write a join with run`;
  report.warning('join-conflict', setter.span(), message, hint);
}
