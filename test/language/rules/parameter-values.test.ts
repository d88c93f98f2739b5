import {
  checkParameterDefaults,
  checkParameterDemands,
  checkParameterNames,
  checkSecretParameters,
} from '../../../src/language/rules/parameter-values.ts';
import { rule } from './rule.ts';

const flow = (parameters: string, more = '') =>
  `parameters:\n  ${parameters}\nsteps:\n  - { step: a, run: pass }\n${more}`;

rule('parameter-values: names', checkParameterNames, {
  'accepts letters, digits and underscores': [flow('n_1: { type: integer }'), []],
  'rejects a dash': [flow('my-name: { type: string }'), ['3 bad-parameter-name']],
  'rejects keys of an invocation': [flow('run: { type: string }'), ['3 reserved-name']],
  "rejects options of Metaflow's command line": [flow('tag: { type: string }'), ['3 reserved-name']],
  'rejects words of Python': [flow('class: { type: string }'), ['3 reserved-name']],
  'rejects the name of a step': [flow('a: { type: string }'), ['3 name-taken']],
});

rule('parameter-values: defaults', checkParameterDefaults, {
  'accepts defaults of the type': [flow('n: { type: number, default: 1.5 }'), []],
  'rejects a default of another type': [flow('n: { type: integer, default: many }'), ['3 ill-typed-default']],
  'rejects a default of a required parameter': [
    flow('n: { type: integer, default: 1, required: true }'),
    ['3 useless-default'],
  ],
  'rejects a default of a secret': [flow('k: { type: secret, default: abc }'), ['3 secret-default']],
  'rejects a default that is no choice': [flow('s: { type: string, enum: [a, b], default: c }'), ['3 unmet-default']],
  'rejects a default below min': [flow('n: { type: integer, min: 1, default: 0 }'), ['3 unmet-default']],
  'rejects a default that the pattern does not match': [
    flow('s: { type: string, pattern: "[a-z]+", default: A1 }'),
    ['3 unmet-default'],
  ],
});

rule('parameter-values: demands', checkParameterDemands, {
  'accepts a range': [flow('n: { type: integer, min: 1, max: 1 }'), []],
  'rejects an empty range': [flow('n: { type: integer, min: 2, max: 1 }'), ['3 empty-range']],
  'rejects a limit of text': [flow('s: { type: string, max: 3 }'), ['3 misplaced-key']],
  'rejects a fraction as the limit of integers': [flow('n: { type: integer, min: 0.5 }'), ['3 ill-typed-limit']],
  'rejects an invalid pattern': [flow('s: { type: string, pattern: "(" }'), ['3 bad-pattern']],
  'rejects a choice twice': [flow('s: { type: string, enum: [a, a] }'), ['3 duplicate-choice']],
  'rejects a choice of another type': [flow('n: { type: integer, enum: [1, two] }'), ['3 ill-typed-choice']],
  'rejects a choice outside of the range': [flow('n: { type: integer, min: 2, enum: [1, 3] }'), ['3 useless-choice']],
});

rule('parameter-values: secrets', checkSecretParameters, {
  'accepts a secret that only steps read': [flow('k: { type: secret }'), []],
  'rejects a secret among the outputs': [`outputs: [k]\n${flow('k: { type: secret }')}`, ['2 secret-shown']],
  'rejects a secret as the argument of an action': [
    flow('k: { type: secret }', `  - { step: b, action: /_/p/n, with: { key: "\${k}" } }`),
    ['6 secret-shown'],
  ],
});
