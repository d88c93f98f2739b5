import { toJson } from '../../base/json.ts';
import { didYouMean } from '../../base/suggest.ts';
import { alarmCron, type CronProblem, isTimezone, readCron } from '../model/cron.ts';
import type { Flow, Located, Schedule, Span } from '../model/flow.ts';
import { isOfType, PARAMETER_TYPE_NAMES, shownValue, unmetDemands } from '../model/parameters.ts';
import type { Check, CheckContext } from './context.ts';
import { demandsOf } from './parameter-values.ts';

/** OpenWhisk entities: `name`, or `/namespace/name` in another namespace. */
const TRIGGER_NAME = /^(?:\/[\w][\w@ .-]*\/)?[\w](?:[\w@ .-]*[\w@.-])?$/;
const FEED_NAME = /^\/[\w][\w@ .-]*(?:\/[\w][\w@ .-]*){1,2}$/;

/** Checks that crontab understands a schedule and that it passes what the run needs. */
export const checkSchedules: Check = ({ flow, report }) => {
  const seen = new Set<string>();
  for (const schedule of flow.schedules) {
    const { cron, timezone, parameters } = schedule;
    const read = readCron(cron.value);
    if ('problem' in read)
      report.error('bad-cron', placeOf(read.problem, cron), read.problem.message, read.problem.hint);
    if (timezone && !isTimezone(timezone.value)) {
      const hint =
        didYouMean(timezone.value, timezones()) ?? 'write a name from the IANA database, for example Europe/Rome';
      report.error('bad-timezone', timezone.span, `unknown time zone "${timezone.value}"`, hint);
    }
    const time = 'cron' in read ? alarmCron(read.cron) : cron.value;
    const key = toJson([time, timezone?.value, parameters.value]);
    if (seen.has(key)) {
      report.warning('duplicate-schedule', schedule.span, 'duplicate schedule: each one starts a run', 'remove one');
    }
    seen.add(key);
    checkParameters(flow, schedule, report);
  }
};

/** The invalid part of a cron expression; the whole expression if it contains escapes or line breaks. */
function placeOf({ start, end }: CronProblem, { value, span }: Located<string>): Span {
  const quote = (span[1] - span[0] - value.length) / 2;
  return quote === 0 || quote === 1 ? [span[0] + quote + start, span[0] + quote + end] : span;
}

function checkParameters(flow: Flow, { parameters, span }: Schedule, report: CheckContext['report']): void {
  const given = Object.entries(parameters.value);
  const known = flow.parameters.map(({ name }) => name.value);
  for (const [name, value] of given) {
    const parameter = flow.parameters.find((one) => one.name.value === name);
    if (!parameter) {
      const hint =
        didYouMean(name, known) ?? (known.length > 0 ? `valid parameters: ${known.join(', ')}` : 'the flow has none');
      report.error('unknown-parameter', parameters.span, `the flow has no parameter "${name}"`, hint);
    } else if (!isOfType(value, parameter.type)) {
      const message = `"${name}" must be ${PARAMETER_TYPE_NAMES[parameter.type]}, but the schedule passes ${shownValue(value)}`;
      report.error('ill-typed-parameter', parameters.span, message);
    } else if (parameter.type !== 'secret') {
      for (const demand of unmetDemands(demandsOf(parameter), value)) {
        const message = `"${name}" must ${demand}, but the schedule passes ${shownValue(value)}`;
        report.error('unmet-parameter', parameters.span, message);
      }
    }
  }
  const missing = flow.parameters.filter(
    ({ name, required }) => required && !Object.hasOwn(parameters.value, name.value),
  );
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => `"${name.value}"`).join(' and ');
  const [first] = missing;
  const hint = `add it: "- { cron: …, parameters: { ${first?.name.value}: … } }", or give it a default`;
  report.error('schedule-without-parameter', span, `this schedule lacks the required parameter ${names}`, hint);
}

function timezones(): string[] {
  return Intl.supportedValuesOf('timeZone');
}

/** Parameters that every feed receives (OpenWhisk's docs/feeds.md). */
const FEED_KEYS = ['lifecycleEvent', 'triggerName', 'authKey'];

/** Triggers and feeds must have valid OpenWhisk names, each used once; feeds receive only their own parameters. */
export const checkTriggers: Check = ({ flow, report }) => {
  const seen = new Set<string>();
  for (const { name, feed, with: given } of flow.triggers) {
    if (!TRIGGER_NAME.test(name.value)) {
      const hint = 'write its name, or /namespace/name for a trigger in another namespace';
      report.error('bad-trigger-name', name.span, `invalid trigger name "${name.value}"`, hint);
    } else if (name.value === flow.name.value || name.value.startsWith(`${flow.name.value}.`)) {
      const message = `"${name.value}" is reserved for the flow's own triggers`;
      report.error('reserved-name', name.span, message, 'choose another name for the trigger');
    } else if (seen.has(name.value)) {
      report.error('duplicate-trigger', name.span, `duplicate trigger "${name.value}"`, 'remove one of them');
    }
    seen.add(name.value);
    if (feed && !FEED_NAME.test(feed.value)) {
      const hint = 'write /namespace/package/name, for example /whisk.system/alarms/interval';
      report.error('bad-feed-name', feed.span, `invalid feed name "${feed.value}"`, hint);
    }
    const keys = Object.keys(given.value);
    if (!feed && keys.length > 0) {
      report.warning(
        'useless-with',
        given.span,
        '"with" has no effect: this trigger has no feed',
        'add "feed: /namespace/package/name"',
      );
    }
    for (const key of keys.filter((each) => FEED_KEYS.includes(each))) {
      report.error('reserved-name', given.span, `nuvopipe already passes "${key}" to every feed`, 'remove it');
    }
  }
};
