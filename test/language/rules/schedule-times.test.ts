import { checkSchedules, checkTriggers } from '../../../src/language/rules/schedule-times.ts';
import { rule } from './rule.ts';

const schedule = (text: string, parameters = '') =>
  `${parameters}schedule:\n  - ${text}\nsteps: [{ step: a, run: pass }]`;

rule('schedule-times', checkSchedules, {
  'accepts a cron expression with a time zone': [schedule('{ cron: "0 6 * * mon", timezone: Europe/Rome }'), []],
  'rejects a month that does not exist': [schedule('{ cron: "0 6 1 13 *" }'), ['3 bad-cron']],
  'rejects an unknown time zone': [schedule('{ cron: "0 6 * * *", timezone: Europe/Rom }'), ['3 bad-timezone']],
  'warns of a schedule twice': [
    schedule('{ cron: "0 6 * * *" }\n  - { cron: "0 6 * * *" }'),
    ['4 duplicate-schedule?'],
  ],
  'rejects a parameter that the flow does not have': [
    schedule('{ cron: "0 6 * * *", parameters: { x: 1 } }'),
    ['3 unknown-parameter'],
  ],
  'rejects a parameter of another type': [
    schedule('{ cron: "0 6 * * *", parameters: { n: many } }', 'parameters: { n: { type: integer } }\n'),
    ['4 ill-typed-parameter'],
  ],
  'rejects a schedule without a required parameter': [
    schedule('{ cron: "0 6 * * *" }', 'parameters: { n: { type: integer, required: true } }\n'),
    ['4 schedule-without-parameter'],
  ],
});

const on = (trigger: string) => `on:\n  - ${trigger}\nsteps: [{ step: a, run: pass }]`;

rule('schedule-times: triggers', checkTriggers, {
  'accepts triggers of the own and of another namespace': [on('uploads\n  - /other/uploads'), []],
  'rejects a name with a slash in it': [on('a/b'), ['3 bad-trigger-name']],
  'rejects a trigger twice': [on('uploads\n  - uploads'), ['4 duplicate-trigger']],
  'rejects a feed without a namespace': [on('{ trigger: uploads, feed: changes }'), ['3 bad-feed-name']],
});
