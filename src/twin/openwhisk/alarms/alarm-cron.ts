/**
 * Cron patterns as the alarms package reads them: with the grammar of its library (npm `cron` 1.7, `CronTime`), which
 * differs from crontab's. Months are 0 to 11 and weekdays 0 to 6; only names (`jan`, `mon`) mean the same everywhere.
 * Without a seconds field, seconds are 0. If both day fields are restricted, either is enough.
 */
import { Cron } from 'croner';

/** `CronTime.constraints`, from seconds to days of the week. */
const RANGES: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 59],
  [0, 23],
  [1, 31],
  [0, 11],
  [0, 6],
];
const MONTH = 4;
const MONTH_NAMES = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY_NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const ALIASES = new Map([...MONTH_NAMES.entries(), ...DAY_NAMES.entries()].map(([value, name]) => [name, value]));

/** The next time that matches a pattern, both in ms since 1970; undefined if there is none. */
export type NextTime = (afterMs: number) => number | undefined;

/** Thrown for invalid patterns. */
export class CronError extends Error {}

/** @param timezone from the IANA database @throws {CronError} */
export function parseCron(pattern: string, timezone = 'UTC'): NextTime {
  const numbers = pattern.replace(/[a-z]{1,3}/gi, (name) => String(ALIASES.get(name.toLowerCase()) ?? name));
  const given = numbers.trim().split(/\s+/);
  const fields = given.length === RANGES.length - 1 ? ['0', ...given] : given;
  if (fields.length !== RANGES.length) throw new CronError(`${given.length} fields`);
  const cron = new Cron(fields.map(standardField).join(' '), { mode: '6-part', timezone });
  return (afterMs) => cron.nextRun(new Date(afterMs))?.getTime();
}

/** The field in crontab's notation. */
function standardField(field: string, index: number): string {
  const [low, high] = RANGES[index] as readonly [number, number];
  const values = new Set<number>();
  for (const part of field.split(',')) for (const value of rangeValues(part, low, high)) values.add(value);
  // A field that restricts nothing is a wildcard however it is written, which matters for the two day fields.
  if (values.size === high - low + 1) return '*';
  return [...values].map((value) => (index === MONTH ? value + 1 : value)).join(',');
}

/** Parses `*`, `5` or `5-10`, each with an optional `/step`; `5/10` continues to the end. */
function* rangeValues(part: string, low: number, high: number): Iterable<number> {
  const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
  if (match === null) throw new CronError(`no range: ${part}`);
  const [, from, to, step] = match;
  const first = from === undefined ? low : Number(from);
  const last = to !== undefined ? Number(to) : from === undefined || step !== undefined ? high : first;
  const by = Number(step ?? 1);
  if (first < low || last > high || first > last || by === 0) throw new CronError(`out of range: ${part}`);
  for (let value = first; value <= last; value += by) yield value;
}
