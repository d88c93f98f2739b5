import { checkDuplicateSteps, checkStartAndEnd, checkStepNames } from '../../../src/language/rules/step-names.ts';
import { rule } from './rule.ts';

const steps = (...names: string[]) => `steps:\n${names.map((name) => `  - { step: "${name}", run: pass }`).join('\n')}`;

rule('step-names', checkStepNames, {
  'accepts lower-case identifiers': [steps('load', 'fit_2'), []],
  'rejects a dash': [steps('my-step'), ['3 bad-step-name']],
  'rejects attributes of a Metaflow flow': [steps('next'), ['3 reserved-name']],
  'rejects words of Python': [steps('lambda', 'float'), ['3 reserved-name', '4 reserved-name']],
});

rule('step-names: start and end', checkStartAndEnd, {
  'accepts start first and end last': [steps('start', 'middle', 'end'), []],
  'rejects start elsewhere': [steps('a', 'start'), ['4 misplaced-start']],
  'rejects end elsewhere': [steps('end', 'a'), ['3 misplaced-end']],
});

rule('step-names: duplicates', checkDuplicateSteps, {
  'accepts different names': [steps('a', 'b'), []],
  'rejects a name twice': [steps('a', 'b', 'a'), ['5 duplicate-step']],
  'rejects the name of a step again in a branch': [
    'steps:\n  - { step: a, run: pass }\n  - branches:\n      x: [{ step: a, run: pass }]\n      y: [{ step: b, run: pass }]',
    ['5 duplicate-step'],
  ],
});
