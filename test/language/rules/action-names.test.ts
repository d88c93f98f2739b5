import { checkActions, checkRecursion, checkRunsWaitForNone } from '../../../src/language/rules/action-names.ts';
import { rule } from './rule.ts';

const step = (body: string) => `steps:\n  - { step: a, ${body} }`;

rule('action-names', checkActions, {
  'accepts an action of a package in the own namespace': [step('action: /_/slack/post'), []],
  'accepts an action with spaces in its name': [step('action: "/_/my action"'), []],
  'rejects a name without a namespace': [step('action: post'), ['3 bad-action-name']],
  'rejects four parts': [step('action: /a/b/c/d'), ['3 bad-action-name']],
  'rejects a flow that cannot be the name of one': [step('flow: my-flow'), ['3 bad-flow-name']],
  'accepts a reference to an artifact': [step(`action: /_/p/n, with: { text: "\${title}" }`), []],
  'rejects a reference that computes': [step(`action: /_/p/n, with: { text: "\${a.b}" }`), ['3 bad-reference']],
  'rejects an integer that the conductor would round': [
    step('action: /_/p/n, with: { id: 9007199254740993 }'),
    ['3 rounded-number'],
  ],
});

rule('action-names: recursion', checkRecursion, {
  'rejects a flow that always waits for itself': [step('flow: F'), ['3 endless-recursion']],
  'warns of a flow that always starts itself': [step('flow: F, detach: true'), ['3 endless-recursion?']],
  'rejects the own conductor as an action': [step('action: /_/F'), ['3 endless-recursion']],
  'accepts a call in a case': [
    'parameters: { again: { type: boolean, default: false } }\nsteps:\n  - switch: again\n    cases: { true: [{ step: a, flow: F }] }\n    default: []',
    [],
  ],
});

const runs = (body: string, then: string) => `runs: { atOnce: 1, then: ${then} }\n${step(body)}`;

rule('action-names: runs that wait', checkRunsWaitForNone, {
  'rejects waiting for a run of its own flow where runs queue': [runs('flow: F', 'queue'), ['4 runs-wait']],
  'accepts it where another run is skipped': [runs('flow: F', 'skip'), []],
  'accepts a run that is not waited for': [runs('flow: F, detach: true', 'queue'), []],
});
