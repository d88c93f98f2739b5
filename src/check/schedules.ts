import type { Flow, Parameter, Schedule } from '../model/flow.ts';
import { didYouMean } from '../syntax/suggest.ts';
import type { Check, CheckContext } from './context.ts';

/** Entities of OpenWhisk: `name`, or `/namespace/name` of another namespace. */
const TRIGGER_NAME = /^(?:\/[\w][\w@ .-]*\/)?[\w](?:[\w@ .-]*[\w@.-])?$/;
const FEED_NAME = /^\/[\w][\w@ .-]*(?:\/[\w][\w@ .-]*){1,2}$/;

/** A schedule is one that the alarms of OpenWhisk understand, and gives the run what it needs. */
export const checkSchedules: Check = async ({ flow, report }) => {
  if (flow.schedules.length === 0) return;
  const { parseCron, isTimezone } = await import('../local/whisk/alarms/cron.ts');
  const seen = new Set<string>();
  for (const schedule of flow.schedules) {
    const { cron, timezone } = schedule;
    try {
      parseCron(cron.value);
      reportMonths(schedule, report);
    } catch {
      report.error('bad-cron', cron.span, `"${cron.value}" is not a cron expression`, cronHint(cron.value));
    }
    if (timezone && !isTimezone(timezone.value)) {
      const hint = didYouMean(timezone.value, timezones()) ?? 'write one of the IANA database, for example Europe/Rome';
      report.error('bad-timezone', timezone.span, `there is no time zone "${timezone.value}"`, hint);
    }
    const key = JSON.stringify([cron.value.trim().split(/\s+/), timezone?.value, schedule.parameters.value]);
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

function checkParameters(flow: Flow, { parameters, span }: Schedule, report: CheckContext['report']): void {
  const given = Object.entries(parameters.value);
  const known = flow.parameters.map(({ name }) => name.value);
  for (const [name, value] of given) {
    const parameter = flow.parameters.find((one) => one.name.value === name);
    if (!parameter) {
      const hint = didYouMean(name, known) ?? (known.length > 0 ? `it has: ${known.join(', ')}` : 'it has none');
      report.error('unknown-parameter', parameters.span, `the flow has no parameter "${name}"`, hint);
    } else if (!fits(value, parameter)) {
      const message = `"${name}" is ${ARTICLES[parameter.type]}, and the schedule gives it ${JSON.stringify(value)}`;
      report.error('ill-typed-parameter', parameters.span, message);
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

const ARTICLES: Record<Parameter['type'], string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  json: 'a JSON value',
  secret: 'text',
  file: 'text',
};

function fits(value: unknown, { type }: Parameter): boolean {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'json':
      return true;
    default:
      return typeof value === 'string';
  }
}

/** What is meant by those who know cron from elsewhere. */
function cronHint(cron: string): string {
  const fields = cron.trim().split(/\s+/);
  if (/^@\w+$/.test(cron.trim())) {
    const usual: Record<string, string> = { '@hourly': '0 * * * *', '@daily': '0 0 * * *', '@weekly': '0 0 * * sun' };
    const meant = usual[cron.trim()];
    return meant === undefined ? 'write five fields: minute, hour, day, month, weekday' : `write "${meant}"`;
  }
  if (fields.length !== 5 && fields.length !== 6) return 'write five fields: minute, hour, day, month, weekday';
  if (/(^|[,-])7/.test(fields.at(-1) ?? '')) return 'days of the week are 0 to 6: Sunday is 0, or sun';
  if (/(^|[,-])12/.test(fields.at(-2) ?? '')) return 'the alarms of OpenWhisk count months from 0: write jan to dec';
  return 'minute 0-59, hour 0-23, day 1-31, month jan-dec, weekday sun-sat; also *, 1-5, */10 and 1,15';
}

/** The alarms of OpenWhisk count months from 0, and nobody else does. */
function reportMonths({ cron }: Schedule, report: CheckContext['report']): void {
  const month = cron.value.trim().split(/\s+/).at(-2) ?? '*';
  const number = /^(?:\*|[a-z]{3})/i.test(month) ? undefined : /\d+/.exec(month)?.[0];
  if (number === undefined) return;
  const name = MONTHS[Number(number)];
  const message = `the alarms of OpenWhisk count months from 0: ${number} is ${name}`;
  report.warning(
    'cron-month',
    cron.span,
    message,
    `write the name of the month, for example ${name?.slice(0, 3).toLowerCase()}`,
  );
}

const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

function timezones(): string[] {
  return Intl.supportedValuesOf('timeZone');
}

/** Triggers and feeds are named as OpenWhisk names its entities, each once. */
export const checkTriggers: Check = ({ flow, report }) => {
  const seen = new Set<string>();
  for (const { name, feed } of flow.triggers) {
    if (!TRIGGER_NAME.test(name.value)) {
      const hint = 'write its name, or /namespace/name for one of another namespace';
      report.error('bad-trigger-name', name.span, `"${name.value}" cannot be the name of a trigger`, hint);
    } else if (seen.has(name.value)) {
      report.error('duplicate-trigger', name.span, `the trigger "${name.value}" is there twice`, 'keep one of the two');
    }
    seen.add(name.value);
    if (feed && !FEED_NAME.test(feed.value)) {
      const hint = 'write /namespace/package/name, for example /whisk.system/alarms/interval';
      report.error('bad-feed-name', feed.span, `"${feed.value}" is not the name of a feed`, hint);
    }
  }
};
