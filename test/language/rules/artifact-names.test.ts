import { checkArtifactNames, checkOutputs } from '../../../src/language/rules/artifact-names.ts';
import { rule } from './rule.ts';

const foreach = (as: string) => `steps:\n  - foreach: [1]\n    as: ${as}\n    steps: [{ step: a, run: pass }]`;

rule('artifact-names', checkArtifactNames, {
  'accepts identifiers': [foreach('item_1'), []],
  'rejects attributes of a Metaflow flow': [foreach('input'), ['4 reserved-name']],
  'rejects names of the runtime': [foreach('_item'), ['4 bad-artifact-name']],
  'rejects words of Python': [foreach('class'), ['4 bad-artifact-name']],
  'rejects the name of a step': [foreach('a'), ['4 name-taken']],
  'rejects setting a parameter': [`parameters: { x: { type: integer } }\n${foreach('x')}`, ['5 name-taken']],
  'rejects "self." in outputs': ['outputs: [self.x]\nsteps: [{ step: a, run: pass }]', ['2 bad-artifact-name']],
});

rule('artifact-names: outputs', checkOutputs, {
  'accepts different outputs': ['outputs: [x, y]\nsteps: [{ step: a, run: pass }]', []],
  'rejects an output twice': ['outputs: [x, x]\nsteps: [{ step: a, run: pass }]', ['2 duplicate-output']],
  'rejects an artifact that is collected twice': [
    'steps:\n  - foreach: [1]\n    steps: [{ step: a, run: self.x = 1 }]\n    join: { collect: [x, x] }',
    ['5 duplicate-name'],
  ],
});
