import { checkSurroundings } from '../../../src/language/rules/surroundings.ts';
import { rule } from './rule.ts';

const step = (more: string) => `steps:\n  - { step: a, ${more} }`;

rule('surroundings', checkSurroundings, {
  'accepts an environment for a step that runs Python': [step('run: pass, environment: { vars: { A: b } }'), []],
  'accepts an action in a flow with an environment': [`environment: { vars: { A: b } }\n${step('action: /_/p/n')}`, []],
  'rejects an environment for an action': [
    step('action: /_/p/n, environment: { vars: { A: b } }'),
    ['3 useless-environment'],
  ],
  'rejects secrets for a flow': [step('flow: Other, secrets: [TOKEN]'), ['3 useless-secret']],
});
