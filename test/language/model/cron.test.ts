import assert from 'node:assert/strict';
import {
  alarmCron,
  type Cron,
  type CronProblem,
  isTimezone,
  isUtc,
  readCron,
} from '../../../src/language/model/cron.ts';
import { nextTime } from '../../../src/language/model/cron-times.ts';

describe('cron', () => {
  const cron = (text: string): Cron => {
    const read = readCron(text);
    assert.ok('cron' in read, 'problem' in read ? read.problem.message : '');
    return read.cron;
  };
  const alarm = (text: string): string => alarmCron(cron(text));
  const problem = (text: string): CronProblem => {
    const read = readCron(text);
    assert.ok('problem' in read, `${text} is taken`);
    return read.problem;
  };

  for (const [written, taken] of [
    ['0 6 * * *', '0 6 * * *'],
    ['  */15  9-17/4,20 1,15 * * ', '*/15 9-17/4,20 1,15 * *'],
    ['5/20 * * * *', '5/20 * * * *'],
    ['0 0 1 1 *', '0 0 1 jan *'],
    ['0 0 1 12 *', '0 0 1 dec *'],
    ['0 0 1 JAN,dec *', '0 0 1 jan,dec *'],
    ['0 0 1 */3 *', '0 0 1 jan,apr,jul,oct *'],
    ['0 0 1 6-8 *', '0 0 1 jun-aug *'],
    ['0 0 1 10/1 *', '0 0 1 oct-dec *'],
    ['0 0 1 1-12 *', '0 0 1 * *'],
    ['0 0 * * 7', '0 0 * * sun'],
    ['0 0 * * 0,7', '0 0 * * sun'],
    ['0 0 * * 1-5', '0 0 * * mon-fri'],
    ['0 0 * * Mon-Fri/2', '0 0 * * mon,wed,fri'],
    ['0 0 * * 5-7', '0 0 * * sun,fri,sat'],
    ['0 0 * * sat-sun', '0 0 * * sun,sat'],
    ['0 0 * * 0-7', '0 0 * * *'],
    ['0 0 * * */2', '0 0 * * sun,tue,thu,sat'],
    ['0 0 13 * 5', '0 0 13 * fri'],
    ['0 0 29 2 *', '0 0 29 feb *'],
    ['@daily', '0 0 * * *'],
    ['@Weekly', '0 0 * * sun'],
    ['@yearly', '0 0 1 jan *'],
  ] as const) {
    it(`${written.trim()} is ${taken} for the alarms, and means the same`, () => {
      assert.equal(alarm(written), taken);
      const [before, after] = [cron(written), cron(taken)];
      assert.deepEqual({ ...after, fields: [] }, { ...before, fields: [] });
    });
  }

  for (const [written, part, message, hint] of [
    ['', '', /five fields, not none/, /minute, hour/],
    ['0 6 * *', '0 6 * *', /five fields, not 4/, /minute, hour/],
    ['0 0 6 * * *', '0 0 6 * * *', /five fields, not 6/, /remove the seconds/],
    ['@reboot', '@reboot', /invalid time "@reboot"/, /@daily/],
    ['60 * * * *', '60', /invalid minute "60"/, /minutes range from 0 to 59/],
    ['0 6,24 * * *', '24', /invalid hour "24"/, /hours range from 0 to 23/],
    ['0 6 0 * *', '0', /invalid day "0"/, /days range from 1 to 31/],
    ['0 6 * 13 *', '13', /invalid month "13"/, /months range from 1 to 12, or jan to dec/],
    ['0 6 * jam *', 'jam', /invalid month "jam"/, /jan to dec/],
    ['0 6 * * 8', '8', /invalid weekday "8"/, /weekdays range from 0 to 7, or sun to sat/],
    ['0 6 ? * mon', '?', /invalid day "\?"/, /write \*/],
    ['0 6 L * *', 'L', /invalid day "L"/, /days range/],
    ['30-10 * * * *', '30-10', /in the wrong order/, /30-59,0-10/],
    ['*/0 * * * *', '*/0', /invalid step "0" between minutes/, /1 to 59/],
    ['*/90 * * * *', '*/90', /invalid step "90" between minutes/, /1 to 59/],
    ['-5 * * * *', '-5', /invalid minute "-5"/, /0 to 59/],
    ['1,,2 * * * *', '', /invalid minute ""/, /0 to 59/],
    ['0 0 30 2 *', '0 0 30 2 *', /never occurs.*day 30/, /another day/],
    ['0 0 31 4,6 *', '0 0 31 4,6 *', /never occurs.*day 31/, /another day/],
  ] as const) {
    it(`"${written}" is rejected with the reason`, () => {
      const found = problem(written);
      assert.match(found.message, message);
      assert.match(found.hint, hint);
      assert.equal(written.slice(found.start, found.end), part);
    });
  }

  it('accepts an impossible day if a weekday is given, too', () => {
    assert.equal(alarm('0 0 31 4 1'), '0 0 31 apr mon');
  });

  it('knows time zones', () => {
    for (const name of ['Europe/Rome', 'UTC', 'America/New_York']) assert.ok(isTimezone(name), name);
    for (const name of ['Europe/Roma', '', '+02:00', 'CEST-1']) assert.ok(!isTimezone(name), name);
    assert.deepEqual(['UTC', 'Etc/UTC', 'Europe/London', 'none'].map(isUtc), [true, true, false, false]);
  });
});

describe('the next time of a cron expression', () => {
  const next = (text: string, after: string, timezone = 'UTC'): string => {
    const read = readCron(text);
    assert.ok('cron' in read);
    return new Date(nextTime(read.cron, timezone, Date.parse(after))).toISOString();
  };

  it('is later than the given one', () => {
    assert.equal(next('* * * * *', '2026-01-01T00:00:00.000Z'), '2026-01-01T00:01:00.000Z');
    assert.equal(next('5/20 * * * *', '2026-01-01T00:30:00Z'), '2026-01-01T00:45:00.000Z');
    assert.equal(next('0 9-17/4,20 * * *', '2026-01-01T17:30:00Z'), '2026-01-01T20:00:00.000Z');
    assert.equal(next('0 0 1 JAN,dec *', '2026-01-02T00:00:00Z'), '2026-12-01T00:00:00.000Z');
    assert.equal(next('0 0 * * sun', '2026-01-02T00:00:00Z'), '2026-01-04T00:00:00.000Z');
    assert.equal(next('0 0 29 2 *', '2026-01-02T00:00:00Z'), '2028-02-29T00:00:00.000Z');
  });

  it('matches either of two restricted day fields', () => {
    assert.equal(next('0 0 13 * fri', '2026-01-01T00:00:00Z'), '2026-01-02T00:00:00.000Z');
    assert.equal(next('0 0 13 * fri', '2026-01-09T00:00:00Z'), '2026-01-13T00:00:00.000Z');
    assert.equal(next('0 0 13 * 0-6', '2026-01-01T00:00:00Z'), '2026-01-13T00:00:00.000Z');
  });

  it('follows local time when clocks change', () => {
    const berlin = (text: string, after: string) => next(text, after, 'Europe/Berlin');
    assert.equal(berlin('0 9 * * *', '2026-03-28T00:00:00Z'), '2026-03-28T08:00:00.000Z');
    assert.equal(berlin('0 9 * * *', '2026-03-29T00:00:00Z'), '2026-03-29T07:00:00.000Z');
    // 2:30 does not exist on that day; half past two in October does twice.
    assert.equal(berlin('30 2 * * *', '2026-03-28T02:00:00Z'), '2026-03-29T01:00:00.000Z');
    assert.equal(berlin('30 2 * * *', '2026-10-24T12:00:00Z'), '2026-10-25T00:30:00.000Z');
    assert.equal(berlin('30 2 * * *', '2026-10-25T00:30:00Z'), '2026-10-26T01:30:00.000Z');
  });
});
