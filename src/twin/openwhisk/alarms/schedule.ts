/** When an alarm fires: the parameters of its feed, checked in the order and with the messages of alarmWebAction.js. */
import { toJson } from '../../../base/json.ts';
import { isTimezone } from '../../../language/model/cron.ts';
import { defined } from '../entities.ts';
import type { Json, JsonObject } from '../json-values.ts';
import { Reject } from '../reject.ts';
import { CronError, type NextTime, parseCron } from './alarm-cron.ts';

/** ms since 1970, or ISO 8601; stored as given. */
type FeedDate = number | string;

interface Period {
  readonly startDate?: FeedDate;
  readonly stopDate?: FeedDate;
}

export interface CronSchedule extends Period {
  readonly cron: string;
  readonly timezone?: string;
  /** Precision of seconds. Displayed, but without effect here: clusters use it to spread alarms over a minute. */
  readonly strict?: Json;
  readonly maxTriggers?: number;
}

export interface IntervalSchedule extends Period {
  readonly minutes: number;
  readonly startDate: FeedDate;
}

export interface OnceSchedule {
  readonly date: FeedDate;
  readonly deleteAfterFire?: string;
}

export type AlarmSchedule = CronSchedule | IntervalSchedule | OnceSchedule;

const MINUTE_MS = 60_000;
/** An interval without a start begins this much later, because a start must be in the future. */
const START_DELAY_MS = 30_000;
const DELETE_AFTER_FIRE = ['false', 'true', 'rules'];

/** @throws {Reject} 400 */
export function createSchedule(params: JsonObject, nowMs: number): AlarmSchedule {
  if (params.fireOnce) {
    demand(params.date, 'alarms once trigger feed is missing the date parameter');
    return { date: futureDate(params.date, 'date', nowMs), ...deleteAfterFire(params) };
  }
  if (params.isInterval) {
    demand(params.minutes, 'interval trigger feed is missing the minutes parameter');
    const minutes = wholeMinutes(params.minutes);
    const startDate = params.startDate ? futureDate(params.startDate, 'startDate', nowMs) : nowMs + START_DELAY_MS;
    if (params.maxTriggers && params.stopDate) refuse('maxTriggers is not supported for the interval trigger feed');
    return { minutes, startDate, ...stopDate(params, startDate, nowMs) };
  }
  demand(params.cron, 'alarms trigger feed is missing the cron parameter');
  const { cron, timezone } = checkedCron(params.cron, params.timezone, nowMs);
  const startDate = params.startDate ? futureDate(params.startDate, 'startDate', nowMs) : undefined;
  if (params.maxTriggers && params.stopDate)
    refuse('maxTriggers is not allowed when the stopDate parameter is specified');
  const { strict, maxTriggers } = params;
  const schedule = defined({
    cron,
    timezone,
    strict,
    startDate,
    maxTriggers: typeof maxTriggers === 'number' && maxTriggers > 0 ? maxTriggers : undefined,
    ...stopDate(params, startDate, nowMs),
  }) as CronSchedule;
  if (nextTime(schedule)(nowMs) === undefined)
    refuse('the first scheduled trigger fire is not until after the stop date');
  return schedule;
}

/** The changes of an update. @throws {Reject} 400 */
export function updateSchedule(schedule: AlarmSchedule, params: JsonObject, nowMs: number): Partial<AlarmSchedule> {
  if ('date' in schedule) {
    return { ...(params.date ? { date: futureDate(params.date, 'date', nowMs) } : {}), ...deleteAfterFire(params) };
  }
  let changes: Partial<AlarmSchedule> = {};
  if ('minutes' in schedule) {
    if (params.minutes) changes = { minutes: wholeMinutes(params.minutes) };
  } else {
    if (params.cron || params.timezone)
      changes = checkedCron(params.cron || schedule.cron, params.timezone || schedule.timezone, nowMs);
    if (params.strict !== undefined) changes = { ...changes, strict: params.strict };
  }
  const startDate = params.startDate ? futureDate(params.startDate, 'startDate', nowMs) : undefined;
  const period: Period = defined({ startDate, ...stopDate(params, startDate ?? schedule.startDate, nowMs) }) as Period;
  if (startDate !== undefined && !params.stopDate && schedule.stopDate !== undefined) {
    if (timeOf(startDate) >= timeOf(schedule.stopDate))
      refuse(`startDate parameter '${startDate}' must be less than the stopDate parameter '${schedule.stopDate}'`);
  }
  return { ...changes, ...period };
}

/** Next time after a given one, between start and stop. */
export function nextTime(schedule: AlarmSchedule): NextTime {
  if ('date' in schedule) {
    const dateMs = timeOf(schedule.date);
    return (afterMs) => (dateMs > afterMs ? dateMs : undefined);
  }
  const next = 'minutes' in schedule ? everyMinutes(schedule) : afterStart(schedule);
  const stopMs = schedule.stopDate === undefined ? Number.POSITIVE_INFINITY : timeOf(schedule.stopDate);
  return (afterMs) => {
    const timeMs = next(afterMs);
    return timeMs !== undefined && timeMs <= stopMs ? timeMs : undefined;
  };
}

/** Why a schedule has no next time, in the service's words (cronAlarm.js, intervalAlarm.js, dateAlarm.js). */
export function whyOver(schedule: AlarmSchedule, nowMs: number): string {
  if ('date' in schedule) return 'the fire once date has expired';
  const stopped = schedule.stopDate !== undefined && timeOf(schedule.stopDate) <= nowMs;
  return stopped ? 'the stop date has expired' : 'the next scheduled trigger fire is after the stop date';
}

function everyMinutes({ minutes, startDate }: IntervalSchedule): NextTime {
  const startMs = timeOf(startDate);
  const intervalMs = minutes * MINUTE_MS;
  return (afterMs) =>
    startMs > afterMs ? startMs : startMs + intervalMs * (Math.floor((afterMs - startMs) / intervalMs) + 1);
}

function afterStart({ cron, timezone, startDate }: CronSchedule): NextTime {
  const next = parseCron(cron, timezone);
  const startMs = startDate === undefined ? 0 : timeOf(startDate);
  return (afterMs) => next(Math.max(afterMs, startMs));
}

function checkedCron(
  cron: Json | undefined,
  timezone: Json | undefined,
  nowMs: number,
): Pick<CronSchedule, 'cron' | 'timezone'> {
  if (timezone && !(typeof timezone === 'string' && isTimezone(timezone))) refuse('Invalid timezone.');
  const checked = defined({ cron, timezone: timezone || undefined }) as Pick<CronSchedule, 'cron' | 'timezone'>;
  try {
    if (typeof cron === 'string' && parseCron(cron, checked.timezone)(nowMs) !== undefined) return checked;
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
  }
  return refuse(`cron pattern '${shown(cron)}' is not valid`);
}

function wholeMinutes(value: Json | undefined): number {
  const minutes = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(minutes)) refuse('the minutes parameter must be an integer');
  if (minutes <= 0) refuse('the minutes parameter must be an integer greater than zero');
  return minutes;
}

function deleteAfterFire(params: JsonObject): Pick<OnceSchedule, 'deleteAfterFire'> {
  if (!params.deleteAfterFire) return {};
  const value = shown(params.deleteAfterFire).trim().toLowerCase();
  if (!DELETE_AFTER_FIRE.includes(value)) refuse('deleteAfterFire parameter must be one of [false, true, rules].');
  return { deleteAfterFire: value };
}

function stopDate(params: JsonObject, start: FeedDate | undefined, nowMs: number): Pick<Period, 'stopDate'> {
  if (!params.stopDate) return {};
  const value = futureDate(params.stopDate, 'stopDate', nowMs);
  if (start !== undefined && timeOf(value) <= timeOf(start))
    refuse(`stopDate parameter '${value}' must be greater than the startDate parameter '${start}'`);
  return { stopDate: value };
}

function futureDate(value: Json | undefined, name: string, nowMs: number): FeedDate {
  const isDate = (typeof value === 'string' || typeof value === 'number') && !Number.isNaN(timeOf(value));
  if (!isDate) return refuse(`${name} parameter '${shown(value)}' is not a valid Date`);
  if (nowMs >= timeOf(value)) refuse(`${name} parameter '${value}' must be in the future`);
  return value;
}

/** ms since 1970. A text without a zone is in UTC, as on a cluster. */
function timeOf(date: FeedDate): number {
  const zoneless = typeof date === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+$/.test(date);
  return new Date(zoneless ? `${date}Z` : date).getTime();
}

function demand(value: Json | undefined, problem: string): void {
  if (!value) refuse(problem);
}

function refuse(problem: string): never {
  throw new Reject(400, problem);
}

/** For messages. `String` would call an object's own `toString`. */
function shown(value: Json | undefined): string {
  return typeof value === 'string' ? value : toJson(value);
}
