import { checkSwitches } from '../../../src/language/rules/switches.ts';
import { rule } from './rule.ts';

const flow = (on: string, cases: string, more = '', parameters = 'p: { type: string, enum: [x, y], default: x }') =>
  `parameters: { ${parameters} }\nsteps:\n  - switch: ${on}\n    cases: { ${cases} }\n${more}`;
const a = '[{ step: a, run: pass }]';
const b = '[{ step: b, run: pass }]';

rule('switches', checkSwitches, {
  'accepts a case for each choice': [flow('p', `x: ${a}, y: ${b}`), []],
  'warns of a case that the parameter never is': [
    flow('p', `x: ${a}, z: ${b}`, '    default: []'),
    ['5 unreachable-case?'],
  ],
  'warns of a choice without a case': [flow('p', `x: ${a}`), ['4 missing-case?']],
  'warns of a default that is never used': [flow('p', `x: ${a}, y: ${b}`, '    default: []'), ['4 unreachable-case?']],
  'warns of a switch without steps': [flow('p', 'x: [], y: []'), ['4 empty-switch?']],
  'warns of a constant': [flow('"(2)"', `2: ${a}`, '    default: []'), ['4 constant-switch?']],
  'warns of a text case for a condition': [
    flow('self.p == 1', `"yes": ${a}`, '    default: []'),
    ['5 unreachable-case?'],
  ],
  'warns of a condition without a case for false': [flow('self.p == 1', `true: ${a}`), ['4 missing-case?']],
  'warns of a text for a number': [
    flow('n', `"1": ${a}`, '    default: []', 'n: { type: integer, default: 1 }'),
    ['5 unreachable-case?'],
  ],
});
