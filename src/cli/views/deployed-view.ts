import type { DeployedEntity } from '../../index.ts';

const OUTCOMES: readonly DeployedEntity['outcome'][] = ['created', 'updated', 'unchanged', 'deleted'];

/** What became of the entities of a deploy: `2 created, 3 unchanged`. */
export function outcomeCounts(entities: readonly DeployedEntity[]): string {
  const counts = OUTCOMES.flatMap((outcome) => {
    const count = entities.filter((entity) => entity.outcome === outcome).length;
    return count === 0 ? [] : [`${count} ${outcome}`];
  });
  return counts.join(', ');
}
