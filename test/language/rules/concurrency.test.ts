import { checkConcurrency } from '../../../src/language/rules/concurrency.ts';
import { rule } from './rule.ts';

const foreach = (concurrency: string) => `steps:
  - foreach: [1, 2]
    ${concurrency}
    steps: [{ step: a, run: pass }]`;

rule('concurrency', checkConcurrency, {
  'accepts as many lanes as OpenWhisk runs at once': [foreach('concurrency: 30'), []],
  'warns of more lanes than OpenWhisk runs at once': [foreach('concurrency: 31'), ['4 concurrency-above-default?']],
  'accepts a foreach that names no concurrency': [foreach('batch: 2'), []],
});
