import { checkArtifactReads } from '../../../src/language/rules/artifact-reads.ts';
import { rule } from './rule.ts';

rule('artifact-reads', checkArtifactReads, {
  'accepts what an earlier step has set': [
    'steps:\n  - { step: a, run: self.x = 1 }\n  - { step: b, run: print(self.x) }',
    [],
  ],
  'warns of an artifact that no step sets': ['steps:\n  - { step: a, run: print(self.x) }', ['3 never-set?']],
  'warns of an artifact that only a later step sets': [
    'steps:\n  - { step: a, run: print(self.x) }\n  - { step: b, run: self.x = 1 }',
    ['3 never-set?'],
  ],
  'warns of an artifact that one case does not set': [
    'parameters: { p: { type: boolean, default: true } }\nsteps:\n  - switch: p\n    cases: { true: [{ step: a, run: self.x = 1 }] }\n    default: []\n  - { step: b, run: print(self.x) }',
    ['7 may-not-be-set?'],
  ],
  'warns of the item outside of a foreach': ['steps:\n  - { step: a, run: print(self.input) }', ['3 no-item?']],
  'warns of what a join drops': [
    'steps:\n  - branches:\n      l: [{ step: a, run: self.x = 1 }]\n      r: [{ step: b, run: self.x = 2 }]\n    join: { step: j, run: pass }\n  - { step: c, run: print(self.x) }',
    ['7 not-kept?'],
  ],
});
