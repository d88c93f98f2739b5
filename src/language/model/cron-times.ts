import { Cron as Croner } from 'croner';
import type { Cron } from './cron.ts';

/**
 * The first time of a cron expression after a given one, both in ms since 1970. When clocks change, a time that does not
 * exist is moved, and one that exists twice counts once.
 *
 * @param timezone from the IANA database
 */
export function nextTime({ minutes, hours, days, months, weekdays }: Cron, timezone: string, afterMs: number): number {
  // A field that restricts nothing is a wildcard, which matters if both day and weekday are restricted.
  const fields = [minutes, hours, days.length === 31 ? '*' : days, months, weekdays.length === 7 ? '*' : weekdays];
  const next = new Croner(fields.join(' '), { timezone }).nextRun(new Date(afterMs));
  if (next === null) throw new Error(`no time after ${new Date(afterMs).toISOString()} matches ${fields.join(' ')}`);
  return next.getTime();
}
