import { toJson } from '../../base/json.ts';
import { didYouMean } from '../../base/suggest.ts';
import { alarmCron, type CronProblem, isTimezone, readCron } from '../model/cron.ts';
import type { Flow, Located, Schedule, Span } from '../model/flow.ts';
import { isOfType, PARAMETER_TYPE_NAMES, shownValue, unmetDemands } from '../model/parameters.ts';
import type { Check, CheckContext } from './context.ts';
import { demandsOf } from './parameter-values.ts';

/** Entities of OpenWhisk: `name`, or `/namespace/name` of another namespace. */
const TRIGGER_NAME = /^(?:\/[\w][\w@ .-]*\/)?[\w](?:[\w@ .-]*[\w@.-])?$/;
const FEED_NAME = /^\/[\w][\w@ .-]*(?:\/[\w][\w@ .-]*){1,2}$/;

/** A schedule is one that crontab understands, and gives the run what it needs. */
export const checkSchedules: Check = ({ flow, report }) => {
  const seen = new Set<string>();
  for (const schedule of flow.schedules) {
    const { cron, timezone, parameters } = schedule;
    const read = readCron(cron.value);
    if ('problem' in read)
      report.error('bad-cron', placeOf(read.problem, cron), read.problem.message, read.problem.hint);
    if (timezone && !isTimezone(timezone.value)) {
      const hint = didYouMean(timezone.value, timezones()) ?? 'write one of the IANA database, for example Europe/Rome';
      report.error('bad-timezone', timezone.span, `there is no time zone "${timezone.value}"`, hint);
    }
    const time = 'cron' in read ? alarmCron(read.cron) : cron.value;
    const key = toJson([time, timezone?.value, parameters.value]);
    if (seen.has(key)) {
      report.warning(
        'duplicate-schedule',
        schedule.span,
        'this schedule is there twice: each starts a run',
        'remove one',
      );
    }
    seen.add(key);
    checkParameters(flow, schedule, report);
  }
};

/** The part of a cron expression; all of it where it was written with escapes or over several lines. */
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
      const hint = didYouMean(name, known) ?? (known.length > 0 ? `it has: ${known.join(', ')}` : 'it has none');
      report.error('unknown-parameter', parameters.span, `the flow has no parameter "${name}"`, hint);
    } else if (!isOfType(value, parameter.type)) {
      const message = `"${name}" is ${PARAMETER_TYPE_NAMES[parameter.type]}, and the schedule gives it ${shownValue(value)}`;
      report.error('ill-typed-parameter', parameters.span, message);
    } else if (parameter.type !== 'secret') {
      for (const demand of unmetDemands(demandsOf(parameter), value)) {
        const message = `"${name}" has to ${demand}, and the schedule gives it ${shownValue(value)}`;
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
  const hint = `give it: "- { cron: …, parameters: { ${first?.name.value}: … } }", or a default`;
  report.error(
    'schedule-without-parameter',
    span,
    `every run needs ${names}, and this schedule does not give it`,
    hint,
  );
}

function timezones(): string[] {
  return Intl.supportedValuesOf('timeZone');
}

/** What every feed is given beside its parameters (OpenWhisk's docs/feeds.md). */
const FEED_KEYS = ['lifecycleEvent', 'triggerName', 'authKey'];

/** Triggers and feeds are named as OpenWhisk names its entities, each once; a feed is given what is its own. */
export const checkTriggers: Check = ({ flow, report }) => {
  const seen = new Set<string>();
  for (const { name, feed, with: given } of flow.triggers) {
    if (!TRIGGER_NAME.test(name.value)) {
      const hint = 'write its name, or /namespace/name for one of another namespace';
      report.error('bad-trigger-name', name.span, `"${name.value}" cannot be the name of a trigger`, hint);
    } else if (name.value === flow.name.value || name.value.startsWith(`${flow.name.value}.`)) {
      const message = `"${name.value}" is a name for what the flow itself has on OpenWhisk, so no trigger can have it`;
      report.error('reserved-name', name.span, message, 'choose another name for the trigger');
    } else if (seen.has(name.value)) {
      report.error('duplicate-trigger', name.span, `the trigger "${name.value}" is there twice`, 'keep one of the two');
    }
    seen.add(name.value);
    if (feed && !FEED_NAME.test(feed.value)) {
      const hint = 'write /namespace/package/name, for example /whisk.system/alarms/interval';
      report.error('bad-feed-name', feed.span, `"${feed.value}" is not the name of a feed`, hint);
    }
    const keys = Object.keys(given.value);
    if (!feed && keys.length > 0) {
      report.warning('useless-with', given.span, '"with" is for a feed, and this trigger has none', 'name the feed');
    }
    for (const key of keys.filter((each) => FEED_KEYS.includes(each))) {
      report.error('reserved-name', given.span, `"${key}" is given to every feed already`, 'remove it');
    }
  }
};
