import { ITEM_ATTRIBUTES } from '../../contract/protocol.generated.ts';
import type { Foreach, Join, Step } from '../model/flow.ts';
import { walk, walkSteps } from '../model/flow.ts';
import type { PythonFacts } from '../python/facts.ts';
import { expressionOf } from '../python/inspection.ts';
import type { Effect, Setter } from './artifact-state.ts';

/** Branches that might end with different values of an artifact. */
export interface BranchDifference {
  first: { name: string; setter: Setter };
  /** Without a setter, the branch keeps the earlier value. */
  second: { name: string; setter?: Setter };
}

/**
 * Artifacts on which branches might disagree: two branches set it, not to the same literal, or one sets it and
 * another does not.
 */
export function branchDifferences(
  branches: readonly { name: string; effect: Effect }[],
): ReadonlyMap<string, BranchDifference> {
  const differences = new Map<string, BranchDifference>();
  for (const name of new Set(branches.flatMap(({ effect }) => [...effect.sets.keys()]))) {
    const all = branches.map((branch) => ({ name: branch.name, setter: branch.effect.sets.get(name) }));
    const first = all.find((one) => one.setter !== undefined) as BranchDifference['first'];
    const second = all.find(({ setter }) => setter && setter !== first.setter && !agree(first.setter, setter));
    const without = all.find(({ setter }) => setter === undefined);
    if (second?.setter) differences.set(name, { first, second: { name: second.name, setter: second.setter } });
    else if (without) differences.set(name, { first, second: { name: without.name } });
  }
  return differences;
}

function agree(one: Setter, other: Setter): boolean {
  return one.literal !== undefined && one.literal === other.literal;
}

/** Artifacts that the steps of a foreach set depending on the item. */
export function itemDifferences(
  element: Foreach,
  facts: PythonFacts,
  effectOf: (step: Step | Join) => Effect,
): ReadonlyMap<string, Setter> {
  const varying = new Set([...ITEM_ATTRIBUTES, ...(element.as ? [element.as.value] : [])]);
  const found = new Map<string, Setter>();
  for (const inner of walk(element.steps)) {
    if (inner.kind !== 'foreach' || !inner.as) continue;
    const over = inner.over.kind === 'artifact' ? [inner.over.name.value] : mentionsOf(expressionOf(inner), facts);
    if (over.some((name) => varying.has(name))) varying.add(inner.as.value);
  }
  for (const step of walkSteps(element.steps)) {
    if (!readBy(step, facts).some((name) => varying.has(name))) continue;
    for (const [name, setter] of effectOf(step).sets) {
      if (setter.literal !== undefined || name === step.catch?.value) continue;
      varying.add(name);
      found.set(name, setter);
    }
  }
  return found;
}

function mentionsOf(code: Parameters<PythonFacts['expressions']['get']>[0] | undefined, facts: PythonFacts): string[] {
  return (code && facts.expressions.get(code)?.mentions) ?? [];
}

function readBy({ body }: Step | Join, facts: PythonFacts): string[] {
  switch (body?.kind) {
    case 'run': {
      const found = facts.bodies.get(body);
      return [...(found?.mentions ?? []), ...(found?.inputs ?? []).flatMap(({ name }) => name ?? [])];
    }
    case 'call': {
      const found = facts.functionOf(body);
      return found ? [...found.required, ...found.optional] : [];
    }
    case 'action':
    case 'flow':
      return body.with.references.map(({ value }) => value);
    case undefined:
      return [];
  }
}
