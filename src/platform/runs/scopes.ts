import type { TaskRecord } from '../../contract/records.ts';

/** What one task's record says about its step. */
export interface StepSample {
  step: string;
  record: TaskRecord;
}

/** An item of the pools that a step opened, or a turn of a loop. */
export type Scope = { kind: 'pool'; opener: string } | { kind: 'loop' };

export interface StepPlace {
  /** Enclosing scopes, outermost first. */
  scopes: Scope[];
  /** A decision in the same scope led to it, so not every item or turn passes here. */
  isConditional: boolean;
}

/**
 * Derives the place of each step in its flow from the tasks that the samples read. A step one level deeper follows an
 * opened pool or the start of a loop; a step further up follows a join or the end of a loop.
 *
 * @param openers steps that have opened a pool
 * @returns nothing for steps without a task that says what it read, whose activation was lost
 */
export function placesOf(
  samples: ReadonlyMap<string, StepSample>,
  openers: ReadonlySet<string>,
): Map<string, StepPlace> {
  const places = new Map<string, StepPlace>();
  const parentOf = ({ record }: StepSample) => samples.get(record.parents[0]?.split('/')[1] ?? '');
  for (const sample of samples.values()) {
    // Walks up to a step with a known place, then down again, iteratively: a flow can have thousands of consecutive
    // steps.
    const path: StepSample[] = [];
    const onPath = new Set<StepSample>();
    for (let at: StepSample | undefined = sample; at && !places.has(at.step) && !onPath.has(at); at = parentOf(at)) {
      path.push(at);
      onPath.add(at);
    }
    for (const each of path.toReversed()) {
      const place = placeAfter(each, parentOf(each), places, openers);
      if (place) places.set(each.step, place);
    }
  }
  return places;
}

function placeAfter(
  { record }: StepSample,
  parent: StepSample | undefined,
  places: ReadonlyMap<string, StepPlace>,
  openers: ReadonlySet<string>,
): StepPlace | undefined {
  const depth = record.at.length;
  const before = parent && places.get(parent.step);
  if (!parent || !before) return depth === 0 ? { scopes: [], isConditional: false } : undefined;
  if (depth > before.scopes.length) {
    const scope: Scope = openers.has(parent.step) ? { kind: 'pool', opener: parent.step } : { kind: 'loop' };
    return { scopes: [...before.scopes, scope], isConditional: false };
  }
  const scopes = before.scopes.slice(0, depth);
  const left = before.scopes[depth];
  if (left?.kind === 'pool') return { scopes, isConditional: places.get(left.opener)?.isConditional ?? false };
  return { scopes, isConditional: before.isConditional || parent.record.chose !== undefined };
}
