/** When an alarm fires: the arguments of its feed. */
import { type Cron, isTimezone, readCron } from '../../../language/model/cron.ts';
import { nextTime } from '../../../language/model/cron-times.ts';
import type { Json, JsonObject } from '../json-values.ts';
import { Reject } from '../reject.ts';

export type AlarmSchedule = CronSchedule | IntervalSchedule;

interface CronSchedule {
  readonly cron: string;
  /** From the IANA database. Absent: UTC. */
  readonly timezone?: string;
}

interface IntervalSchedule {
  readonly minutes: number;
  /** First time, in ms since 1970. */
  readonly startDate: number;
}

const MINUTE_MS = 60_000;
/** An interval starts this much after its creation, as on a cluster. */
const START_DELAY_MS = 30_000;
/** Arguments of the alarms package that change when an alarm fires and are not implemented here. */
const UNSUPPORTED = ['startDate', 'stopDate', 'maxTriggers'];

/** @throws {Reject} 400 */
export function readSchedule(params: JsonObject, nowMs: number): AlarmSchedule {
  const unsupported = UNSUPPORTED.find((name) => params[name] !== undefined);
  if (unsupported !== undefined) refuse(`the local platform does not support ${unsupported}`);
  if (params.isInterval) return { minutes: readMinutes(params.minutes), startDate: nowMs + START_DELAY_MS };
  const { cron, timezone } = params;
  if (typeof cron !== 'string') return refuse('the cron parameter must be a string');
  parseCron(cron);
  if (timezone === undefined) return { cron };
  if (typeof timezone !== 'string' || !isTimezone(timezone)) return refuse('invalid timezone');
  return { cron, timezone };
}

/** The next time after a given one, both in ms since 1970. */
export function timeAfter(schedule: AlarmSchedule, afterMs: number): number {
  if ('cron' in schedule) return nextTime(parseCron(schedule.cron), schedule.timezone ?? 'UTC', afterMs);
  const { minutes, startDate: startMs } = schedule;
  if (startMs > afterMs) return startMs;
  const intervalMs = minutes * MINUTE_MS;
  return startMs + intervalMs * (Math.floor((afterMs - startMs) / intervalMs) + 1);
}

/**
 * Accepts crontab's expressions. Months must be names: the alarms package counts them from 0, and crontab from 1.
 *
 * @throws {Reject} 400
 */
function parseCron(text: string): Cron {
  const read = readCron(text);
  if ('problem' in read) return refuse(`cron pattern '${text}' is not valid: ${read.problem.message}`);
  if (/(^|,)\d/.test(read.cron.fields[3] ?? '')) refuse('write months as names, for example jan');
  return read.cron;
}

function readMinutes(value: Json | undefined): number {
  const minutes = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(minutes) || minutes <= 0)
    refuse('the minutes parameter must be an integer greater than zero');
  return minutes;
}

function refuse(problem: string): never {
  throw new Reject(400, problem);
}
