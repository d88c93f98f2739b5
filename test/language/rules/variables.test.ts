import { checkVariables } from '../../../src/language/rules/variables.ts';
import { rule } from './rule.ts';

const flow = (vars: string) =>
  `environment:\n  vars: { ${vars} }\nsteps: [{ step: a, run: pass }, { step: b, run: pass }]`;

rule('variables', checkVariables, {
  'accepts names of shells': [flow('LEVEL: debug, _x1: "2"'), []],
  'rejects a name that starts with a digit': [flow('1X: a'), ['3 bad-variable-name']],
  'rejects a name with a dash': [flow('MY-VAR: a'), ['3 bad-variable-name']],
  'rejects names that the runtime needs': [
    flow('METAFLOW_USER: a, AWS_REGION: b, PATH: c'),
    ['3 reserved-variable', '3 reserved-variable', '3 reserved-variable'],
  ],
  'rejects a NUL character in a value': [flow('X: "a\\0b"'), ['3 bad-variable-value']],
});
