import { checkJoinConflicts } from '../../../src/language/rules/join-conflicts.ts';
import { rule } from './rule.ts';

const branches = (left: string, right: string, join = '') =>
  `steps:\n  - branches:\n      l: [{ step: a, run: ${left} }]\n      r: [{ step: b, run: ${right} }]\n${join}`;

rule('join-conflicts', checkJoinConflicts, {
  'accepts branches that set different artifacts': [branches('self.x = 1', 'self.y = 1'), []],
  'accepts branches that set the same value': [branches('self.x = 1', 'self.x = 1'), []],
  'warns of branches that set different values': [branches('self.x = 1', 'self.x = 2'), ['5 join-conflict?']],
  'accepts a join that chooses': [
    branches('self.x = 1', 'self.x = 2', '    join: { step: j, run: self.x = inputs.a.x }'),
    [],
  ],
  'warns of a merge that cannot decide': [
    branches('self.x = 1', 'self.x = 2', '    join: { step: j, run: self.merge_artifacts(inputs) }'),
    ['5 join-conflict?'],
  ],
});
