/**
 * When a schedule starts a flow: a cron expression that crontab(5) and OpenWhisk's alarms read in the same way. The
 * alarms (npm `cron` 1.x) count months from 0 and have no weekday 7, so only names are unambiguous. If day and
 * weekday are both restricted, either is enough.
 */

/** The times of a cron expression: the values of each field, in ascending order. */
export interface Cron {
  minutes: number[];
  hours: number[];
  /** Day of the month. */
  days: number[];
  /** From 1. */
  months: number[];
  /** 0 is Sunday. */
  weekdays: number[];
  /** As written. */
  fields: string[];
}

/** Why a text is not a cron expression. */
export interface CronProblem {
  message: string;
  hint: string;
  /** The invalid part of the text: two offsets, the second exclusive. */
  start: number;
  end: number;
}

interface Field {
  name: string;
  low: number;
  high: number;
  /** Names for its values, starting at `low`. */
  names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly Field[] = [
  { name: 'minute', low: 0, high: 59, names: [] },
  { name: 'hour', low: 0, high: 23, names: [] },
  { name: 'day', low: 1, high: 31, names: [] },
  { name: 'month', low: 1, high: 12, names: MONTHS },
  { name: 'weekday', low: 0, high: 7, names: WEEKDAYS },
];

/** The second number for Sunday. */
const SUNDAY = 7;

/** crontab(5), without `@reboot`. */
const NICKNAMES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/** Maximum number of days of each month. */
const MONTH_DAYS_MAX = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Parses five fields, or a nickname such as `@daily`. */
export function readCron(text: string): { cron: Cron } | { problem: CronProblem } {
  const expression = NICKNAMES[text.trim().toLowerCase()] ?? text;
  const fields = [...expression.matchAll(/\S+/g)].map((match) => ({ text: match[0], start: match.index }));
  const whole = { start: 0, end: text.length };
  const zoned = withTimezone(text);
  if (zoned) return { problem: { ...zoned, ...whole } };
  if (fields.length !== FIELDS.length) return { problem: { ...miscount(fields.length, text), ...whole } };
  try {
    const [minutes, hours, days, months, weekdays] = fields.map((field, index) =>
      valuesOf(field.text, field.start, FIELDS[index] as Field),
    ) as [number[], number[], number[], number[], number[]];
    const longest = Math.max(...months.map((month) => MONTH_DAYS_MAX[month - 1] as number));
    if (weekdays.length === WEEKDAYS.length && (days[0] as number) > longest) {
      const message = `"${text}" never occurs: none of these months has a day ${days[0]}`;
      return { problem: { message, hint: 'choose another day or month', ...whole } };
    }
    return { cron: { minutes, hours, days, months, weekdays, fields: fields.map((field) => field.text) } };
  } catch (error) {
    if (error instanceof Problem) return { problem: error.problem };
    throw error;
  }
}

/** The expression in the form that OpenWhisk's alarms understand. */
export function alarmCron({ fields, months, weekdays }: Cron): string {
  const named = [namesOf(months, MONTHS, 1), namesOf(weekdays, WEEKDAYS, 0)];
  return [...fields.slice(0, FIELDS.length - named.length), ...named].join(' ');
}

/** Whether the name is in the IANA time zone database. */
export function isTimezone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && canonicalTimezone(name) !== undefined;
}

/** Whether the name is one of UTC's. */
export function isUtc(timezone: string): boolean {
  return canonicalTimezone(timezone) === 'UTC';
}

function canonicalTimezone(name: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

class Problem extends Error {
  readonly problem: CronProblem;

  constructor(problem: CronProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** `CRON_TZ=Europe/Rome 0 6 * * *`, which some implementations accept. */
function withTimezone(text: string): Pick<CronProblem, 'message' | 'hint'> | undefined {
  const found = /^\s*(?:CRON_)?TZ=(\S*)\s*(.*)$/.exec(text);
  if (!found) return undefined;
  const [, timezone, rest] = found;
  const hint = `write { cron: "${rest || '0 6 * * *'}", timezone: ${timezone || 'Europe/Rome'} }`;
  return { message: 'a cron expression cannot contain a time zone', hint };
}

function miscount(count: number, text: string): Pick<CronProblem, 'message' | 'hint'> {
  if (text.trim().startsWith('@')) {
    return { message: `invalid time "${text.trim()}"`, hint: `valid names: ${Object.keys(NICKNAMES).join(', ')}` };
  }
  const message = `a cron expression needs five fields, not ${count === 0 ? 'none' : count}`;
  const order = 'minute, hour, day, month, weekday: 0 6 * * mon-fri';
  return { message, hint: count === FIELDS.length + 1 ? `remove the seconds: ${order}` : order };
}

/** The values of a field, which is a list of ranges. */
function valuesOf(text: string, start: number, field: Field): number[] {
  const values = new Set<number>();
  let offset = start;
  for (const part of text.split(',')) {
    for (const value of rangeOf(part, offset, field)) values.add(field.high === SUNDAY ? value % SUNDAY : value);
    offset += part.length + 1;
  }
  return [...values].sort((a, b) => a - b);
}

/** Parses `*`, `5` or `5-10`, each with an optional `/step`; `5/10` continues to the end. */
function* rangeOf(part: string, start: number, field: Field): Iterable<number> {
  const { name, low, names } = field;
  const high = names === WEEKDAYS ? SUNDAY - 1 : field.high;
  const refuse = (message: string, hint: string): never => {
    throw new Problem({ message, hint, start, end: start + part.length });
  };
  const known = names.length > 0 ? `, or ${names[0]} to ${names.at(-1)}` : '';
  const allowed = `${name}s range from ${low} to ${field.high}${known}`;
  const match = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
  if (match === null)
    return refuse(`invalid ${name} "${part}"`, `${allowed}; write *, 5, 1-5, */10 or a list of these`);
  const numberOf = (written: string): number => {
    const named = names.indexOf(written.toLowerCase());
    const value = named >= 0 ? named + low : /^\d+$/.test(written) ? Number(written) : Number.NaN;
    return value >= low && value <= field.high ? value : refuse(`invalid ${name} "${written}"`, allowed);
  };
  const [, from, to, step] = match;
  const first = from === undefined ? low : numberOf(from);
  const written = to === undefined ? undefined : numberOf(to);
  // Saturday to Sunday, in any notation.
  const end = names === WEEKDAYS && written === 0 && first > 0 ? SUNDAY : written;
  const last = end ?? (from === undefined || step !== undefined ? Math.max(first, high) : first);
  const by = Number(step ?? 1);
  if (first > last)
    refuse(
      `the range "${part}" is in the wrong order`,
      `write ${to}-${from}, or two ranges: ${from}-${high},${low}-${to}`,
    );
  if (by < 1 || by > field.high)
    refuse(`invalid step "${step}" between ${name}s`, `a step ranges from 1 to ${field.high}`);
  for (let value = first; value <= last; value += by) yield value;
}

/** `*`, `mon-fri`, `jan,dec`. */
function namesOf(values: readonly number[], names: readonly string[], low: number): string {
  if (values.length === names.length) return '*';
  const written = values.map((value) => names[value - low]);
  const [first = 0, last = 0] = [values[0], values.at(-1)];
  const isRange = values.length > 2 && last - first === values.length - 1;
  return isRange ? `${written[0]}-${written.at(-1)}` : written.join(',');
}
