import { checkResources } from '../../../src/language/rules/resources.ts';
import { rule } from './rule.ts';

const step = (resources: string) => `steps:\n  - { step: a, run: pass, resources: { ${resources} } }`;

rule('resources', checkResources, {
  'accepts the smallest and the largest memory': [
    'steps:\n  - { step: a, run: pass, resources: { memory: 128MB } }\n  - { step: b, run: pass, resources: { memory: 512MB } }',
    [],
  ],
  'rejects less memory than an action can have': [step('memory: 127MB'), ['3 memory-too-small']],
  'warns of more memory than the default limit': [step('memory: 513MB'), ['3 memory-above-default?']],
  'accepts a timeout in the default limit': [step('timeout: 4m'), []],
  'rejects a timeout below that of any action': [step('timeout: 50ms'), ['3 timeout-too-short']],
  'warns of a timeout above the default limit': [step('timeout: 10m'), ['3 timeout-above-default?']],
  'reports defaults of the flow once': [
    'resources: { memory: 64MB }\nsteps: [{ step: a, run: pass }, { step: b, run: pass }]',
    ['2 memory-too-small'],
  ],
});
