import { checkTarget } from '../../../src/language/rules/target.ts';
import { rule } from './rule.ts';

const flow = (rest: string) => `target: sequence\n${rest}`;
const step = '{ step: a, run: pass }';

rule('target', checkTarget, {
  'accepts steps that follow one another': [flow(`steps: [${step}, { step: b, run: pass }]`), []],
  'rejects a foreach': [flow('steps:\n  - foreach: [1]\n    steps: [{ step: a, run: pass }]'), ['4 no-sequence']],
  'rejects an action': [flow('steps: [{ step: a, action: /_/p/n }]'), ['3 no-sequence']],
  'rejects a retry': [flow('steps: [{ step: a, run: pass, retry: { times: 1 } }]'), ['3 no-sequence']],
  'rejects a limit of the run': [flow(`timeout: 1m\nsteps: [${step}]`), ['3 no-sequence']],
  'rejects a secret parameter': [flow(`parameters: { key: { type: secret } }\nsteps: [${step}]`), ['3 no-sequence']],
  'rejects more steps than a sequence can have': [
    flow(`steps: [${Array.from({ length: 51 }, (_, index) => `{ step: s${index}, run: pass }`).join(', ')}]`),
    ['2 no-sequence'],
  ],
  'accepts anything for a composition': [`target: composition\ntimeout: 1m\nsteps: [${step}]`, []],
});
