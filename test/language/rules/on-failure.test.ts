import { checkOnFailure } from '../../../src/language/rules/on-failure.ts';
import { rule } from './rule.ts';

const flow = (onFailure: string) => `steps: [{ step: a, run: pass }]\nonFailure:\n${onFailure}`;

rule('on-failure', checkOnFailure, {
  'accepts plain steps': [flow('  - { step: tell, run: print(self.failure) }\n  - { step: call, flow: Other }'), []],
  'rejects a foreach': [flow('  - foreach: [1]\n    steps: [{ step: b, run: pass }]'), ['4 misplaced-element']],
  'rejects a cached step': [flow('  - { step: tell, run: pass, cache: true }'), ['4 useless-cache']],
});
