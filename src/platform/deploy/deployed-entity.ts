/** What a deploy did to an entity. */
export type Outcome = 'created' | 'updated' | 'unchanged' | 'deleted';

export interface DeployedEntity {
  type: 'package' | 'action' | 'trigger' | 'rule';
  name: string;
  outcome: Outcome;
}
