/** The feeds of `/whisk.system/alarms`, used by npm's openwhisk as it uses a cluster's, with a clock that the tests move. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import openwhisk from 'openwhisk';
import { parseCron } from '../../../src/twin/openwhisk/alarms/alarm-cron.ts';
import { SYSTEM_CLOCK } from '../../../src/twin/openwhisk/alarms/clock.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { AUTH, type Body, Harness, until } from './harness.ts';

const ALARM = '/whisk.system/alarms/alarm';
const INTERVAL = '/whisk.system/alarms/interval';
const ONCE = '/whisk.system/alarms/once';
const START = '2026-03-01T12:00:00.000Z';
const MINUTE_MS = 60_000;

describe('alarms', () => {
  let clock: ManualClock;
  let whisk: Harness;
  let client: Body;
  let throttled = false;
  let triggers = 0;

  before(async () => {
    clock = new ManualClock(START);
    whisk = await Harness.start({
      clock: clock.now,
      alarms: { clock },
      faults: { refuse: (path) => (throttled && path.startsWith('guest/t') ? 429 : undefined) },
    });
    connect();
    await client.actions.update({ name: 'note', action: 'function main({ __ow_headers, ...a }) { return a }' });
  });
  after(() => whisk.stop());

  function connect() {
    client = openwhisk({ apihost: whisk.whisk.url, api_key: AUTH } as Body);
  }

  /** A trigger with a rule, and its feed. */
  async function schedule(feed: string, params: Body): Promise<string> {
    triggers += 1;
    const name = `t${triggers}`;
    await client.triggers.create({ name, trigger: { annotations: [{ key: 'feed', value: feed }] } });
    await client.rules.create({ name: `${name}-rule`, action: 'note', trigger: name });
    await client.feeds.create({ name: feed, trigger: name, params });
    return name;
  }

  async function read(trigger: string, feed = ALARM): Promise<Body> {
    return (await client.feeds.get({ name: feed, trigger })).response.result;
  }

  /** When the trigger fired, oldest first, once it did so often. */
  async function fires(trigger: string, count: number): Promise<string[]> {
    const records: Body[] = await until(async () => {
      const found = await client.activations.list({ name: trigger, limit: 200 });
      return found.length >= count ? found : undefined;
    });
    return records.map(({ start }) => new Date(start).toISOString()).reverse();
  }

  /** The error of a feed action that refuses. */
  async function refusal(promise: Promise<unknown>): Promise<Body> {
    const error = await promise.then(
      () => assert.fail('not refused'),
      (caught: Body) => caught,
    );
    assert.equal(error.statusCode, 502);
    return error.error.response.result.error;
  }

  const fine = (ended: Body) => assert.deepEqual(ended.response.result, { status: 'success' });

  it('shows its package and feeds as a cluster does', async () => {
    const shown = await client.packages.get({ name: '/whisk.system/alarms' });
    assert.deepEqual(shown.actions, []);
    assert.deepEqual(shown.feeds.map((each: Body) => each.name).sort(), ['alarm', 'interval', 'once']);
    assert.equal(shown.publish, true);
    const feed = await client.actions.get({ name: ALARM });
    assert.equal(feed.annotations.find((each: Body) => each.key === 'feed').value, true);
    assert.deepEqual(feed.parameters, [{ key: 'trigger_payload', value: '' }]);
    await assert.rejects(client.actions.get({ name: '/whisk.system/alarms/absent' }), { statusCode: 404 });
    const unknown = { name: '/whisk.system/alarms/absent', trigger: 'x', params: {} };
    await assert.rejects(client.feeds.create(unknown), { statusCode: 404 });
  });

  it('alarm: create, fire, read, update, delete', async () => {
    const trigger_payload = { who: 'you' };
    const trigger = await schedule(ALARM, { cron: '*/20 * * * *', trigger_payload });
    await clock.moveTo('2026-03-01T13:00:00.000Z');
    const times = ['2026-03-01T12:20:00.000Z', '2026-03-01T12:40:00.000Z', '2026-03-01T13:00:00.000Z'];
    assert.deepEqual(await fires(trigger, 3), times);
    const record = (await client.activations.list({ name: trigger, docs: true, limit: 1 }))[0];
    const caused = JSON.parse((await whisk.activation(record.activationId)).logs[0]).activationId;
    assert.deepEqual((await whisk.activation(caused)).response.result, trigger_payload);
    assert.deepEqual(await read(trigger), {
      config: { name: trigger, namespace: 'guest', payload: trigger_payload, strict: false, cron: '*/20 * * * *' },
      status: { active: true, dateChanged: Date.parse(START), dateChangedISO: '2026-03-01T12:00:00Z' },
    });

    fine(await client.feeds.update({ name: ALARM, trigger, params: { cron: '0 */2 * * *', trigger_payload: 'text' } }));
    const { config, status } = await read(trigger);
    assert.equal(config.cron, '0 */2 * * *');
    assert.deepEqual(config.payload, { payload: 'text' });
    assert.equal(status.dateChangedISO, '2026-03-01T13:00:00Z');
    await clock.moveTo('2026-03-01T16:00:00.000Z');
    assert.deepEqual((await fires(trigger, 5)).slice(3), ['2026-03-01T14:00:00.000Z', '2026-03-01T16:00:00.000Z']);

    fine(await client.feeds.delete({ name: ALARM, trigger }));
    assert.equal(clock.pending, 0);
    await clock.advance(24 * 60 * MINUTE_MS);
    assert.equal((await fires(trigger, 5)).length, 5);
    const gone = { error: `could not find trigger /guest/${trigger} in the database` };
    assert.deepEqual(await refusal(client.feeds.get({ name: ALARM, trigger })), gone);
    assert.deepEqual(await refusal(client.feeds.delete({ name: ALARM, trigger })), gone);
  });

  it('an alarm must be deleted before it is created again', async () => {
    const trigger = await schedule(ALARM, { cron: '* * * * *' });
    assert.deepEqual((await read(trigger)).config.payload, { payload: '' }, 'the package binds an empty text');
    const again = { name: ALARM, trigger, params: { cron: '0 0 * * *', trigger_payload: {} } };
    assert.deepEqual(await refusal(client.feeds.create(again)), { error: 'error creating alarm trigger.' });
    assert.equal((await read(trigger)).config.cron, '* * * * *');
    fine(await client.feeds.delete({ name: ALARM, trigger }));
    fine(await client.feeds.create(again));
    assert.equal(clock.pending, 1);
    const { config } = await read(trigger);
    assert.deepEqual([config.cron, config.payload], ['0 0 * * *', {}]);
    await client.feeds.delete({ name: ALARM, trigger });
  });

  it('a feed can be reached through a binding', async () => {
    const binding = { namespace: 'whisk.system', name: 'alarms' };
    await client.packages.update({ name: 'bound', package: { binding, parameters: [{ key: 'minutes', value: 7 }] } });
    const trigger = await schedule('bound/interval', {});
    assert.equal((await read(trigger, 'bound/interval')).config.minutes, 7);
    fine(await client.feeds.delete({ name: 'bound/interval', trigger }));
  });

  it('interval: at its start, then each so many minutes, until its stop', async () => {
    const now = clock.now();
    const at = (ms: number) => new Date(now + ms).toISOString();
    const trigger = await schedule(INTERVAL, { minutes: 5, stopDate: at(12 * MINUTE_MS) });
    await clock.advance(60 * MINUTE_MS);
    assert.deepEqual(await fires(trigger, 3), [at(30_000), at(30_000 + 5 * MINUTE_MS), at(30_000 + 10 * MINUTE_MS)]);
    const { config, status } = await read(trigger, INTERVAL);
    assert.deepEqual([config.minutes, config.startDate], [5, now + 30_000]);
    assert.equal(status.active, false);
    assert.deepEqual(status.reason, {
      kind: 'AUTO',
      message: 'Automatically disabled after firing last scheduled interval trigger',
    });
    assert.equal(clock.pending, 0);
  });

  it('once: stays, or is deleted with its trigger, or with its rules too', async () => {
    const date = new Date(clock.now() + MINUTE_MS).toISOString();
    const stays = await schedule(ONCE, { date });
    const goes = await schedule(ONCE, { date, deleteAfterFire: true });
    const goesWithRules = await schedule(ONCE, { date: Date.parse(date), deleteAfterFire: 'rules' });
    await clock.advance(2 * MINUTE_MS);
    for (const each of [stays, goes, goesWithRules]) assert.deepEqual(await fires(each, 1), [date]);
    const { config, status } = await read(stays, ONCE);
    assert.equal(config.date, date);
    assert.equal(status.reason.message, 'Automatically disabled after firing once');
    await client.triggers.get({ name: stays });
    for (const each of [goes, goesWithRules]) {
      await assert.rejects(client.triggers.get({ name: each }), { statusCode: 404 });
      const { error } = await refusal(client.feeds.get({ name: ONCE, trigger: each }));
      assert.equal(error, 'Trigger authentication request failed.');
    }
    await client.rules.get({ name: `${goes}-rule` });
    await assert.rejects(client.rules.get({ name: `${goesWithRules}-rule` }), { statusCode: 404 });
  });

  it('startDate, maxTriggers, seconds', async () => {
    const now = clock.now();
    const startDate = now + 10 * MINUTE_MS;
    const trigger = await schedule(ALARM, { cron: '*/30 * * * * *', startDate, maxTriggers: 3 });
    await clock.advance(20 * MINUTE_MS);
    const expected = [1, 2, 3].map((n) => new Date(startDate + n * 30_000).toISOString());
    assert.deepEqual(await fires(trigger, 3), expected);
    assert.equal((await read(trigger)).status.reason.message, 'Automatically disabled after reaching max triggers');
  });

  it('refuses what the alarms package refuses, with its words', async () => {
    await client.triggers.create({ name: 'refused' });
    const past = new Date(clock.now() - 1).toISOString();
    const soon = new Date(clock.now() + MINUTE_MS).toISOString();
    const later = new Date(clock.now() + 2 * MINUTE_MS).toISOString();
    const cases: [string, Body, string][] = [
      [ALARM, {}, 'alarms trigger feed is missing the cron parameter'],
      [ALARM, { cron: 'every day' }, "cron pattern 'every day' is not valid"],
      [ALARM, { cron: '0 0 30 feb *' }, "cron pattern '0 0 30 feb *' is not valid"],
      [ALARM, { cron: 5 }, "cron pattern '5' is not valid"],
      [ALARM, { cron: '* * * * *', timezone: 'Mars/Olympus' }, 'Invalid timezone.'],
      [ALARM, { cron: '* * * * *', startDate: past }, `startDate parameter '${past}' must be in the future`],
      [
        ALARM,
        { cron: '* * * * *', startDate: later, stopDate: soon },
        `stopDate parameter '${soon}' must be greater than the startDate parameter '${later}'`,
      ],
      [
        ALARM,
        { cron: '0 0 1 jan *', stopDate: soon },
        'the first scheduled trigger fire is not until after the stop date',
      ],
      [
        ALARM,
        { cron: '* * * * *', stopDate: soon, maxTriggers: 1 },
        'maxTriggers is not allowed when the stopDate parameter is specified',
      ],
      [INTERVAL, {}, 'interval trigger feed is missing the minutes parameter'],
      [INTERVAL, { minutes: 1.5 }, 'the minutes parameter must be an integer'],
      [INTERVAL, { minutes: -1 }, 'the minutes parameter must be an integer greater than zero'],
      [ONCE, {}, 'alarms once trigger feed is missing the date parameter'],
      [ONCE, { date: 'tomorrow' }, "date parameter 'tomorrow' is not a valid Date"],
      [ONCE, { date: past }, `date parameter '${past}' must be in the future`],
      [
        ONCE,
        { date: soon, deleteAfterFire: 'maybe' },
        'deleteAfterFire parameter must be one of [false, true, rules].',
      ],
    ];
    for (const [name, params, error] of cases) {
      assert.deepEqual(await refusal(client.feeds.create({ name, trigger: 'refused', params })), { error });
    }
    const noTrigger = client.feeds.create({ name: ALARM, trigger: 'absent', params: { cron: '* * * * *' } });
    assert.deepEqual(await refusal(noTrigger), { error: 'Trigger authentication request failed.' });
    const otherKey = { trigger: 'refused', params: { cron: '* * * * *', authKey: 'someone:else' } };
    assert.deepEqual(await refusal(client.feeds.create({ name: ALARM, ...otherKey })), {
      error: 'Trigger authentication request failed.',
    });
    const pause = { lifecycleEvent: 'PAUSE', triggerName: '/_/refused', authKey: AUTH };
    assert.equal(
      await refusal(client.actions.invoke({ name: ALARM, blocking: true, params: pause })),
      'unsupported lifecycleEvent',
    );
    const trigger = await schedule(INTERVAL, { minutes: 5 });
    const nothing = client.feeds.update({ name: INTERVAL, trigger, params: { cron: '* * * * *' } });
    assert.deepEqual(await refusal(nothing), { error: 'no updatable parameters were specified' });
    await client.feeds.delete({ name: INTERVAL, trigger });
    assert.equal(clock.pending, 0);
  });

  it('a trigger that is gone ends its alarm', async () => {
    const trigger = await schedule(ALARM, { cron: '* * * * *' });
    await client.triggers.delete({ name: trigger });
    await clock.advance(MINUTE_MS);
    assert.equal(clock.pending, 0);
    await client.triggers.create({ name: trigger });
    assert.deepEqual((await read(trigger)).status.reason, {
      kind: 'AUTO',
      statusCode: 404,
      message: 'Trigger automatically disabled: Received a 404 status code when firing the trigger',
    });
    fine(await client.feeds.delete({ name: ALARM, trigger }));
  });

  it('retries a throttled fire, and finally gives up', async () => {
    const trigger = await schedule(ALARM, { cron: '0 0 * * *' });
    const midnight = new Date(clock.now());
    midnight.setUTCHours(24, 0, 0, 0);
    throttled = true;
    await clock.moveTo(midnight.toISOString());
    throttled = false;
    await clock.advance(MINUTE_MS);
    assert.deepEqual(await fires(trigger, 1), [new Date(midnight.getTime() + 1000).toISOString()]);
    throttled = true;
    await clock.advance(25 * 60 * MINUTE_MS);
    throttled = false;
    const { active, reason } = (await read(trigger)).status;
    assert.deepEqual([active, reason.statusCode], [false, 429]);
    assert.equal(clock.pending, 0);
    assert.equal((await fires(trigger, 1)).length, 1);
  });

  it('the throttle of fires applies to alarms', async () => {
    const names = await Promise.all(
      Array.from({ length: 61 }, () => schedule(ALARM, { cron: '0 * * * *', maxTriggers: 1 })),
    );
    const hour = new Date(clock.now());
    hour.setUTCMinutes(60, 0, 0);
    await clock.moveTo(hour.toISOString());
    assert.equal(whisk.whisk.activeAlarms(), 1, 'the 61st waits for the next minute');
    await clock.advance(2 * MINUTE_MS);
    assert.equal(whisk.whisk.activeAlarms(), 0);
    const times = (await Promise.all(names.map((trigger) => fires(trigger, 1)))).flat();
    assert.equal(times.filter((each) => each === hour.toISOString()).length, 60);
    assert.ok(Date.parse(times.sort()[60] ?? '') >= hour.getTime() + MINUTE_MS);
  });

  it('keeps its alarms over a restart and skips missed times', async () => {
    const trigger = await schedule(ALARM, { cron: '0 * * * *', trigger_payload: { n: 1 } });
    const missed = await schedule(ONCE, { date: clock.now() + MINUTE_MS });
    const orphan = await schedule(ALARM, { cron: '0 * * * *' });
    await client.triggers.delete({ name: orphan });
    const hour = new Date(clock.now());
    hour.setUTCMinutes(0, 0, 0);
    const at = (hours: number) => new Date(hour.getTime() + hours * 60 * MINUTE_MS).toISOString();
    await whisk.whisk.close();
    assert.equal(clock.pending, 0, 'a closed server waits for nothing');
    await clock.moveTo(at(5.5));
    await whisk.startServer();
    connect();
    assert.equal(whisk.whisk.activeAlarms(), 1);
    await clock.moveTo(at(6.5));
    assert.deepEqual(await fires(trigger, 1), [at(6)]);
    assert.deepEqual((await read(trigger)).config.payload, { n: 1 });
    assert.equal(
      (await read(missed, ONCE)).status.reason.message,
      'Automatically disabled after receiving error on trigger initialization: the fire once date has expired',
    );
    await client.triggers.create({ name: orphan });
    assert.equal((await read(orphan)).status.reason.statusCode, 404);
    const stored = readFileSync(join(whisk.stateDir, 'alarms.json'), 'utf8');
    assert.ok(!stored.includes(AUTH), 'no key in the state');
    await client.feeds.delete({ name: ALARM, trigger });
  });

  it('is not there unless it is asked for', async () => {
    const plain = await Harness.start();
    try {
      assert.equal((await plain.call('GET', 'whisk.system/packages/alarms')).status, 403);
      const web = '/api/v1/web/whisk.system/alarmsWeb/alarmWebAction';
      assert.equal((await plain.call('POST', web, { lifecycleEvent: 'READ' })).status, 404);
      assert.equal(plain.whisk.activeAlarms(), 0);
    } finally {
      await plain.stop();
    }
  });
});

describe('cron of the alarms', () => {
  const next = (pattern: string, after: string, timezone?: string): string | undefined => {
    const time = parseCron(pattern, timezone)(Date.parse(after));
    return time === undefined ? undefined : new Date(time).toISOString();
  };

  it('has five fields, or six with seconds', () => {
    assert.equal(next('* * * * *', '2026-01-01T00:00:00.000Z'), '2026-01-01T00:01:00.000Z');
    assert.equal(next('*/10 * * * * *', '2026-01-01T00:00:05.500Z'), '2026-01-01T00:00:10.000Z');
    assert.equal(next('5/20 * * * *', '2026-01-01T00:30:00Z'), '2026-01-01T00:45:00.000Z');
    assert.equal(next('0 9-17/4,20 * * *', '2026-01-01T17:30:00Z'), '2026-01-01T20:00:00.000Z');
    for (const wrong of ['', '* * * *', '* * * * * * *', '60 * * * *', '*/0 * * * *', '5-1 * * * *', '@daily'])
      assert.throws(() => parseCron(wrong), { name: 'Error' }, wrong);
  });

  it('counts months from 0 and days of the week to 6, as the alarms package does; names are the same everywhere', () => {
    assert.equal(next('0 0 1 0 *', '2026-01-02T00:00:00Z'), '2027-01-01T00:00:00.000Z');
    assert.equal(next('0 0 1 11 *', '2026-01-02T00:00:00Z'), '2026-12-01T00:00:00.000Z');
    assert.equal(next('0 0 1 JAN,dec *', '2026-01-02T00:00:00Z'), '2026-12-01T00:00:00.000Z');
    assert.equal(next('0 0 * * sun', '2026-01-02T00:00:00Z'), '2026-01-04T00:00:00.000Z');
    assert.throws(() => parseCron('0 0 1 12 *'));
    assert.throws(() => parseCron('0 0 * * 7'));
  });

  it('accepts either of two restricted day fields', () => {
    assert.equal(next('0 0 13 * fri', '2026-01-01T00:00:00Z'), '2026-01-02T00:00:00.000Z');
    assert.equal(next('0 0 13 * fri', '2026-01-09T00:00:00Z'), '2026-01-13T00:00:00.000Z');
    assert.equal(next('0 0 13 * 0-6', '2026-01-01T00:00:00Z'), '2026-01-13T00:00:00.000Z');
  });

  it('follows local time when clocks change', () => {
    const berlin = (pattern: string, after: string) => next(pattern, after, 'Europe/Berlin');
    assert.equal(berlin('0 9 * * *', '2026-03-28T00:00:00Z'), '2026-03-28T08:00:00.000Z');
    assert.equal(berlin('0 9 * * *', '2026-03-29T00:00:00Z'), '2026-03-29T07:00:00.000Z');
    // 2:30 does not exist on that day; half past two in October does twice.
    assert.equal(berlin('30 2 * * *', '2026-03-28T02:00:00Z'), '2026-03-29T01:00:00.000Z');
    assert.equal(berlin('30 2 * * *', '2026-10-24T12:00:00Z'), '2026-10-25T00:30:00.000Z');
    assert.equal(berlin('30 2 * * *', '2026-10-25T00:30:00Z'), '2026-10-26T01:30:00.000Z');
  });
});

describe('the clock of the alarms', () => {
  it('rings once, not before its time, and can be taken back', async () => {
    const rung: string[] = [];
    const dueMs = SYSTEM_CLOCK.now() + 20;
    let rungAtMs = 0;
    const takeBack = SYSTEM_CLOCK.at(dueMs, () => rung.push('taken back'));
    const far = SYSTEM_CLOCK.at(dueMs + 1e12, () => rung.push('far'));
    SYSTEM_CLOCK.at(dueMs, () => {
      rungAtMs = SYSTEM_CLOCK.now();
      rung.push('rung');
    });
    takeBack();
    await until(() => rung.length > 0);
    far();
    assert.deepEqual(rung, ['rung']);
    assert.ok(rungAtMs >= dueMs);
  });
});
