import { checkLoopPauses, checkLoops } from '../../../src/language/rules/loops.ts';
import { rule } from './rule.ts';

const loop = (condition: string, body: string, more = '') =>
  `steps:\n  - { step: a, run: self.n = 3 }\n  - ${condition}\n    steps: [{ step: b, run: "${body}" }]\n${more}`;

rule('loops', checkLoops, {
  'accepts a loop that changes its condition': [loop('while: self.n > 0', 'self.n -= 1'), []],
  'rejects a condition that is always true': [loop('while: "True"', 'pass'), ['4 endless-loop']],
  'accepts it with a limit of turns': [loop('while: "True"', 'pass', '    max: 3'), []],
  'rejects until False': [loop('until: "False"', 'pass'), ['4 endless-loop']],
  'warns of a condition that is never true': [loop('while: "False"', 'pass'), ['4 useless-loop?']],
  'warns of steps that run once': [loop('until: "True"', 'pass'), ['4 useless-loop?']],
  'warns of a condition that no step of the loop changes': [
    loop('while: self.n > 0', 'self.m = 1'),
    ['4 endless-loop?'],
  ],
  'accepts a condition that calls something': [loop('while: ready(self.n)', 'pass'), []],
  'accepts a value that is changed in place': [loop('while: self.n', 'self.n.pop()'), []],
});

rule('loops: pauses', checkLoopPauses, {
  'accepts a pause of an hour': [loop('while: self.n > 0', 'self.n -= 1', '    pause: 1h'), []],
  'rejects a longer pause': [loop('while: self.n > 0', 'self.n -= 1', '    pause: 61m'), ['6 bad-loop-pause']],
});
