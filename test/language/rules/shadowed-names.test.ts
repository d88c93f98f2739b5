import { checkShadowedNames } from '../../../src/language/rules/shadowed-names.ts';
import { rule } from './rule.ts';

rule('shadowed-names', checkShadowedNames, {
  'accepts an item with a name of its own': [
    'steps:\n  - { step: a, run: "self.xs = [1]" }\n  - foreach: xs\n    as: x\n    steps: [{ step: b, run: self.y = self.x }]',
    [],
  ],
  'warns of an item that hides an artifact': [
    'steps:\n  - { step: a, run: "self.xs = [1]; self.x = 0" }\n  - foreach: xs\n    as: x\n    steps: [{ step: b, run: self.y = self.x }]',
    ['5 shadowed-name?'],
  ],
  'warns of a step that sets the item': [
    'steps:\n  - foreach: [1]\n    as: x\n    steps: [{ step: b, run: self.x = 2 }]',
    ['5 shadowed-name?'],
  ],
  'warns of a catch that hides an artifact': [
    'steps:\n  - { step: a, run: self.error = 1 }\n  - { step: b, run: pass, catch: error }',
    ['4 shadowed-name?'],
  ],
});
