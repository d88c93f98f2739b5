import { checkRetries } from '../../../src/language/rules/attempts.ts';
import { rule } from './rule.ts';

const step = (retry: string, body = 'run: pass') =>
  `steps:\n  - step: a\n    ${body}\n    retry: { times: 2, ${retry} }`;

rule('attempts', checkRetries, {
  'accepts exceptions, timeout and crash': [step('on: [timeout, crash, ValueError, my.Error]'), []],
  'rejects a capitalised timeout': [step('on: [Timeout]'), ['5 bad-exception']],
  'rejects what is not a name': [step('on: ["not a name"]'), ['5 bad-exception']],
  'warns of a mistyped exception': [step('on: [ValueErorr]'), ['5 unknown-exception?']],
  'accepts exceptions of libraries': [step('on: [ClientError, DatabaseError]'), []],
  'warns of an exception that an action does not raise': [
    step('on: [ValueError]', 'action: /_/p/n'),
    ['5 unmatched-exception?'],
  ],
  'warns of a first pause beyond the time of all attempts': [step('backoff: 2m, within: 1m'), ['5 useless-retry?']],
});
