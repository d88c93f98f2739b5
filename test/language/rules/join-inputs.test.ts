import { checkJoinInputs } from '../../../src/language/rules/join-inputs.ts';
import { rule } from './rule.ts';

const branches = (join: string) =>
  `steps:\n  - branches:\n      l: [{ step: a, run: self.x = 1 }]\n      r: [{ step: b, run: self.y = 2 }]\n    join: ${join}`;

rule('join-inputs', checkJoinInputs, {
  'accepts artifacts of an input': [branches('{ step: j, run: self.z = inputs.a.x }'), []],
  'rejects an input that is not there': [branches('{ step: j, run: self.z = inputs.c.x }'), ['6 no-such-input']],
  'warns of an artifact that the input does not set': [
    branches('{ step: j, run: self.z = inputs.b.x }'),
    ['6 never-set?'],
  ],
  'warns of collecting what one branch does not set': [branches('{ step: j, collect: [x] }'), ['6 never-set?']],
  'accepts reading from items': [
    'steps:\n  - foreach: [1]\n    steps: [{ step: a, run: self.x = 1 }]\n    join: { step: j, run: "self.z = [i.x for i in inputs]" }',
    [],
  ],
});
