import { checkForeach } from '../../../src/language/rules/foreach.ts';
import { rule } from './rule.ts';

const foreach = (over: string, more = '') =>
  `steps:\n  - foreach: ${over}\n    steps: [{ step: a, run: pass }]\n${more}`;

rule('foreach', checkForeach, {
  'accepts a list, an artifact and an expression': [
    'steps:\n  - foreach: [1, 2]\n    steps: [{ step: a, run: "self.xs = [1]" }]\n  - foreach: xs\n    steps: [{ step: b, run: pass }]\n  - foreach: "range(3)"\n    steps: [{ step: c, run: pass }]',
    [],
  ],
  'rejects a literal without items': [foreach('"5"'), ['3 not-a-list']],
  'rejects a literal text': [foreach(`"'abc'"`), ['3 not-a-list']],
  'rejects an empty literal': [foreach('"[]"'), ['3 empty-foreach']],
  'warns of an empty literal that is skipped': [foreach('"[]"', '    onEmpty: skip'), ['3 empty-foreach?']],
  'rejects NaN in a list': [foreach('[.nan]'), ['3 not-json']],
  'rejects minSuccess without onError': [foreach('[1, 2]', '    minSuccess: 1'), ['5 useless-min-success']],
  'rejects minSuccess above the length of the list': [
    foreach('[1, 2]', '    onError: collect\n    minSuccess: 3'),
    ['6 min-success-too-high'],
  ],
  'accepts minSuccess as long as the list': [foreach('[1, 2]', '    onError: collect\n    minSuccess: 2'), []],
});
