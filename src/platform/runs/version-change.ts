import { isDeepStrictEqual } from 'node:util';
import { keys, prefixes } from '../../contract/layout.generated.ts';
import { versionOf } from '../../contract/names.ts';
import type { Plan, PlannedStep } from '../../contract/plan.ts';
import type { RunRecord } from '../../contract/records.ts';
import type { RunReader } from './reader.ts';

/** How a flow changed from one version to another. */
export interface VersionChange {
  was: string;
  now: string;
  /** Absent if the plan of one of the versions is not in the datastore. */
  steps?: StepChanges;
}

/** Names of the user's steps. */
export interface StepChanges {
  added: string[];
  removed: string[];
  /** Steps with other settings, or in another place. The plan does not tell whether the code of a step changed. */
  changed: string[];
}

/** The change from the version of a run to another one, such as the deployed one; undefined if they are the same. */
export async function versionChange(
  reader: RunReader,
  { flow, bundle }: Pick<RunRecord, 'flow' | 'bundle'>,
  now: string,
): Promise<VersionChange | undefined> {
  const was = versionOf(bundle);
  if (was === now) return undefined;
  const [before, after] = await Promise.all([reader.plan({ flow, bundle }), planOfVersion(reader, flow, now)]);
  return { was, now, ...(before && after && { steps: stepChanges(before, after) }) };
}

async function planOfVersion(reader: RunReader, flow: string, version: string): Promise<Plan | undefined> {
  for await (const { key } of reader.store.list(prefixes.flowPlans({ flow }))) {
    const hash = keys.plan.parse(key)?.hash;
    if (hash !== undefined && versionOf(hash) === version) return reader.plan({ flow, bundle: hash });
  }
  return undefined;
}

export function stepChanges(before: Plan, after: Plan): StepChanges {
  const [was, now] = [ownSteps(before), ownSteps(after)];
  return {
    added: [...now.keys()].filter((step) => !was.has(step)),
    removed: [...was.keys()].filter((step) => !now.has(step)),
    changed: [...now].flatMap(([step, planned]) =>
      was.has(step) && !isDeepStrictEqual(was.get(step), planned) ? [step] : [],
    ),
  };
}

/** The user's steps, without their blocks: a change of another step can change these. */
function ownSteps({ steps }: Plan): Map<string, Omit<PlannedStep, 'block'>> {
  const own = Object.entries(steps).filter(([, { made }]) => !made);
  return new Map(own.map(([step, { block: _, ...planned }]) => [step, planned]));
}
