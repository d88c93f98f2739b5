/** The feeds of `/whisk.system/alarms`, used by npm's openwhisk as it uses a cluster's, with a clock that the tests move. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openwhisk from 'openwhisk';
import { SYSTEM_CLOCK } from '../../../src/twin/openwhisk/alarms/clock.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { AUTH, type Body, Harness, until } from './harness.ts';

const ALARM = '/whisk.system/alarms/alarm';
const INTERVAL = '/whisk.system/alarms/interval';
const START = '2026-03-01T12:00:00.000Z';
const MINUTE_MS = 60_000;
const FIRES_PER_MINUTE = 3;

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
      limits: { firesPerMinute: FIRES_PER_MINUTE },
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

  it('shows its package and feeds', async () => {
    const shown = await client.packages.get({ name: '/whisk.system/alarms' });
    assert.deepEqual(shown.actions, []);
    assert.deepEqual(shown.feeds.map((each: Body) => each.name).sort(), ['alarm', 'interval']);
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
      config: { name: trigger, namespace: 'guest', payload: trigger_payload, cron: '*/20 * * * *' },
      status: { active: true },
    });

    fine(await client.feeds.update({ name: ALARM, trigger, params: { cron: '0 */2 * * *', trigger_payload: 'text' } }));
    const { config } = await read(trigger);
    assert.equal(config.cron, '0 */2 * * *');
    assert.deepEqual(config.payload, { payload: 'text' });
    fine(await client.feeds.update({ name: ALARM, trigger, params: { timezone: 'Asia/Tokyo' } }));
    assert.deepEqual((await read(trigger)).config, { ...config, timezone: 'Asia/Tokyo' });
    fine(await client.feeds.update({ name: ALARM, trigger, params: { timezone: 'UTC' } }));
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

  it('interval: 30 seconds after its creation or change, then each so many minutes', async () => {
    const now = clock.now();
    const at = (minutes: number) => new Date(now + 30_000 + minutes * MINUTE_MS).toISOString();
    const trigger = await schedule(INTERVAL, { minutes: 5 });
    await clock.moveTo(at(12));
    assert.deepEqual(await fires(trigger, 3), [at(0), at(5), at(10)]);
    assert.equal((await read(trigger, INTERVAL)).config.minutes, 5);
    fine(await client.feeds.update({ name: INTERVAL, trigger, params: { minutes: '60' } }));
    await clock.moveTo(at(80));
    assert.deepEqual((await fires(trigger, 5)).slice(3), [at(12.5), at(72.5)]);
    fine(await client.feeds.delete({ name: INTERVAL, trigger }));
    assert.equal(clock.pending, 0);
  });

  it('rejects arguments with the reason', async () => {
    await client.triggers.create({ name: 'refused' });
    const minutes = 'the minutes parameter must be an integer greater than zero';
    const cases: [string, Body, string | RegExp][] = [
      [ALARM, {}, 'the cron parameter must be a string'],
      [ALARM, { cron: 5 }, 'the cron parameter must be a string'],
      [ALARM, { cron: { toString: 1 } }, 'the cron parameter must be a string'],
      [ALARM, { cron: 'every day' }, /^cron pattern 'every day' is not valid: .*five fields/],
      [ALARM, { cron: '0 0 30 feb *' }, /^cron pattern '0 0 30 feb \*' is not valid: .*never occurs/],
      [ALARM, { cron: '0 0 1 jan,2 *' }, 'write months as names, for example jan'],
      [ALARM, { cron: '* * * * *', timezone: 'Mars/Olympus' }, 'invalid timezone'],
      [ALARM, { cron: '* * * * *', maxTriggers: 1 }, 'the local platform does not support maxTriggers'],
      [INTERVAL, {}, minutes],
      [INTERVAL, { minutes: 1.5 }, minutes],
      [INTERVAL, { minutes: -1 }, minutes],
      [INTERVAL, { minutes: 1, stopDate: START }, 'the local platform does not support stopDate'],
    ];
    for (const [name, params, reason] of cases) {
      const { error } = await refusal(client.feeds.create({ name, trigger: 'refused', params }));
      if (typeof reason === 'string') assert.equal(error, reason);
      else assert.match(error, reason);
    }
    const unauthorized = { error: 'Trigger authentication request failed.' };
    const noTrigger = client.feeds.create({ name: ALARM, trigger: 'absent', params: { cron: '* * * * *' } });
    assert.deepEqual(await refusal(noTrigger), unauthorized);
    const otherKey = { trigger: 'refused', params: { cron: '* * * * *', authKey: 'someone:else' } };
    assert.deepEqual(await refusal(client.feeds.create({ name: ALARM, ...otherKey })), unauthorized);
    const trigger = await schedule(INTERVAL, { minutes: 5 });
    const pause = { lifecycleEvent: 'PAUSE', triggerName: `/_/${trigger}`, authKey: AUTH };
    const paused = client.actions.invoke({ name: ALARM, blocking: true, params: pause });
    assert.deepEqual(await refusal(paused), { error: 'unsupported lifecycleEvent' });
    await client.feeds.delete({ name: INTERVAL, trigger });
    assert.equal(clock.pending, 0);
  });

  it('a trigger that is gone ends its alarm', async () => {
    const trigger = await schedule(ALARM, { cron: '* * * * *' });
    await client.triggers.delete({ name: trigger });
    await clock.advance(MINUTE_MS);
    assert.equal(clock.pending, 0);
    await client.triggers.create({ name: trigger });
    const gone = { error: `could not find trigger /guest/${trigger} in the database` };
    assert.deepEqual(await refusal(client.feeds.get({ name: ALARM, trigger })), gone);
  });

  it('repeats a throttled fire, and finally waits for the next time', async () => {
    const trigger = await schedule(ALARM, { cron: '0 0 * * *' });
    const midnight = new Date(clock.now());
    midnight.setUTCHours(24, 0, 0, 0);
    throttled = true;
    await clock.moveTo(midnight.toISOString());
    throttled = false;
    await clock.advance(MINUTE_MS);
    const repeated = new Date(midnight.getTime() + 10_000).toISOString();
    assert.deepEqual(await fires(trigger, 1), [repeated]);
    throttled = true;
    await clock.advance(25 * 60 * MINUTE_MS);
    throttled = false;
    assert.equal(clock.pending, 1);
    await clock.advance(24 * 60 * MINUTE_MS);
    const third = new Date(midnight.getTime() + 2 * 24 * 60 * MINUTE_MS).toISOString();
    assert.deepEqual(await fires(trigger, 2), [repeated, third]);
    await client.feeds.delete({ name: ALARM, trigger });
  });

  it('the throttle of fires applies to alarms', async () => {
    const names = await Promise.all(
      Array.from({ length: FIRES_PER_MINUTE + 1 }, () => schedule(ALARM, { cron: '0 * * * *' })),
    );
    const hour = new Date(clock.now());
    hour.setUTCMinutes(60, 0, 0);
    await clock.moveTo(hour.toISOString());
    await clock.advance(2 * MINUTE_MS);
    const times = (await Promise.all(names.map((trigger) => fires(trigger, 1)))).flat();
    assert.equal(times.filter((each) => each === hour.toISOString()).length, FIRES_PER_MINUTE);
    assert.equal(
      times.sort().at(-1),
      new Date(hour.getTime() + MINUTE_MS).toISOString(),
      'the last waits for a minute',
    );
    await Promise.all(names.map((name) => client.triggers.delete({ name })));
    await clock.advance(60 * MINUTE_MS);
    assert.equal(whisk.whisk.activeAlarms(), 0);
  });

  it('keeps its alarms over a restart and skips missed times', async () => {
    const trigger = await schedule(ALARM, { cron: '0 * * * *', trigger_payload: { n: 1 } });
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
    await client.triggers.create({ name: orphan });
    const gone = { error: `could not find trigger /guest/${orphan} in the database` };
    assert.deepEqual(await refusal(client.feeds.get({ name: ALARM, trigger: orphan })), gone);
    const stored = readFileSync(join(whisk.stateDir, 'alarms.json'), 'utf8');
    assert.ok(!stored.includes(AUTH), 'no key in the state');
    await whisk.whisk.close();
    const unknown = [{ cron: '0 0 1 13 *' }, { date: START }, { minutes: 5 }, null];
    const alarms = unknown.map((each, index) => ({ name: `unknown${index}`, payload: {}, schedule: each }));
    writeFileSync(join(whisk.stateDir, 'alarms.json'), JSON.stringify([...JSON.parse(stored), ...alarms]));
    await whisk.startServer();
    connect();
    assert.equal(whisk.whisk.activeAlarms(), 1, 'alarms without a next time are dropped');
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
