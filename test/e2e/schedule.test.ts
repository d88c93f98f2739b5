import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Client } from 'openwhisk';
import { silentReport } from '../../src/base/terminal/progress.ts';
import { keys } from '../../src/contract/layout.generated.ts';
import { type BundleDeployment, deployBundle } from '../../src/platform/deploy/deploy-bundle.ts';
import type { DeployedEntity } from '../../src/platform/deploy/deployed-entity.ts';
import { openWhisk } from '../../src/platform/openwhisk/client.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { client, compileFile, flowFile, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { sharedTwin, startTwin, type Twin } from '../support/twin.ts';

const START = '2026-03-01T00:00:00.000Z';

const flow = (name: string, starts: string) => `flow: ${name}
parameters:
  days: { type: integer, default: 1 }
  rows: { type: json, default: [] }
outputs: [report]
${starts}
steps:
  - step: count
    run: self.report = [self.days, len(self.rows)]
`;

interface Run {
  run: string;
  status: string;
  outputs: Record<string, unknown>;
  error?: { message: string };
}

async function deploy(twin: Twin, text: string): Promise<BundleDeployment> {
  const { file, remove } = await flowFile(text);
  return deployFile(twin, file).finally(remove);
}

/** As `nuvopipe deploy` does it. */
async function deployFile({ platform, store, home }: Twin, file: string): Promise<BundleDeployment> {
  const whisk = openWhisk(platform.whisk);
  try {
    const { python } = platform;
    return await deployBundle({
      ...{ whisk, store, python, home, vendored: false, user: 'tester', report: silentReport },
      bundle: await compileFile(file),
      triggers: true,
    });
  } finally {
    whisk.close();
  }
}

/** What starts the flow, of all that is deployed. */
function startsOf({ entities }: Pick<BundleDeployment, 'entities'>): DeployedEntity[] {
  return entities.filter(({ type }) => type === 'trigger' || type === 'rule');
}

describe('a flow that starts by itself', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  const clock = new ManualClock(START);
  let twin: Twin;
  let whisk: Client;

  before(async () => {
    twin = await startTwin({ alarms: { clock } });
    whisk = client(twin);
  });
  after(() => twin?.close());

  async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    let found: T | undefined;
    const isThere = async () => {
      found = await look().catch(() => undefined);
      return found !== undefined;
    };
    assert.ok(await poll(isThere, 20_000), what);
    return found as T;
  }

  const activation = (id: string) =>
    until(`the record ${id}`, async () => {
      const record = await whisk.activations.get({ name: id });
      return record as unknown as { logs: string[]; response: { success: boolean; result: Run } };
    });

  /** The runs that a trigger has started, oldest first, once there are so many; as the record and the datastore have them. */
  async function runs(trigger: string, flowName: string, count: number): Promise<Run[]> {
    const fires = await until(`${count} fires of ${trigger}`, async () => {
      const listed = (await whisk.activations.list({ name: trigger, docs: true } as never)) as unknown[];
      return listed.length >= count ? (listed as { logs: string[] }[]) : undefined;
    });
    assert.equal(fires.length, count);
    return Promise.all(
      fires.reverse().map(async ({ logs }) => {
        const { response } = await activation(JSON.parse(logs[0] as string).activationId);
        const { run } = response.result;
        const stored = await until(`the result of ${run}`, () => twin.store.get(keys.result({ flow: flowName, run })));
        assert.deepEqual(JSON.parse(Buffer.from(stored.body).toString()), response.result);
        return response.result;
      }),
    );
  }

  const names = async () => {
    const [triggers, rules] = await Promise.all([whisk.triggers.list(), whisk.rules.list()]);
    return [...triggers, ...rules].map(({ name }) => name).sort();
  };

  it('is started by its schedules, each in its time zone and with its parameters', async () => {
    const text = flow(
      'ScheduledFlow',
      `schedule:
  - 0 6 * * 7
  - { cron: "30 6 1 3 *", timezone: Europe/Rome, parameters: { days: 7 } }`,
    );
    const starts = startsOf(await deploy(twin, text));
    assert.deepEqual(
      starts.map(({ outcome, type }) => `${outcome} ${type}`),
      ['created trigger', 'created rule', 'created trigger', 'created rule'],
    );
    const [weekly, , yearly] = starts.map(({ name }) => name) as [string, string, string];
    assert.ok((await deploy(twin, text)).entities.every(({ outcome }) => outcome === 'unchanged'));
    // 1 March 2026 is a Sunday.
    await clock.moveTo('2026-03-01T05:00:00Z');
    assert.deepEqual(await whisk.activations.list({ name: yearly }), []);
    await clock.moveTo('2026-03-01T06:00:00Z');
    const [first] = await runs(yearly, 'ScheduledFlow', 1);
    const [second] = await runs(weekly, 'ScheduledFlow', 1);
    assert.deepEqual([first?.status, first?.outputs], ['succeeded', { report: [7, 0] }]);
    assert.deepEqual([second?.status, second?.outputs], ['succeeded', { report: [1, 0] }]);
    assert.notEqual(first?.run, second?.run);
  });

  it('is started no more by a schedule that it has no more', async () => {
    const { entities } = await deploy(twin, flow('ScheduledFlow', 'schedule: 0 * * * *'));
    assert.deepEqual(
      startsOf({ entities }).map(({ outcome, type }) => `${outcome} ${type}`),
      [
        ...['deleted rule', 'deleted rule', 'deleted trigger', 'deleted trigger'],
        ...['created trigger', 'created rule'],
      ],
    );
    const hourly = startsOf({ entities }).at(-2)?.name as string;
    assert.equal(clock.pending, 1);
    await clock.moveTo('2026-03-01T07:00:00Z');
    await runs(hourly, 'ScheduledFlow', 1);
    await deploy(twin, flow('ScheduledFlow', ''));
    assert.equal(clock.pending, 0);
    assert.deepEqual(await names(), []);
  });

  it('keeps a disabled schedule disabled, and restores a lost alarm or trigger', async () => {
    const text = flow('KeptFlow', 'schedule: 0 * * * *');
    const [trigger, rule] = startsOf(await deploy(twin, text)).map(({ name }) => name) as [string, string];
    await whisk.rules.disable({ name: rule });
    await whisk.feeds.delete({ name: '/whisk.system/alarms/alarm', trigger });
    assert.equal(clock.pending, 0);
    await deploy(twin, text);
    assert.equal(clock.pending, 1);
    const { status } = (await whisk.rules.get({ name: rule })) as unknown as { status: string };
    assert.equal(status, 'inactive');
    await deploy(twin, flow('KeptFlow', 'schedule: [0 6 1 1 *, 0 * * * *]'));
    const kept = (await whisk.rules.get({ name: rule })) as unknown as { status: string };
    assert.equal(kept.status, 'inactive', 'whatever stands before it');
    await deploy(twin, text);
    await whisk.triggers.delete({ name: trigger });
    await deploy(twin, text);
    assert.equal(clock.pending, 1);
    await clock.advance(60 * 60_000);
    await runs(trigger, 'KeptFlow', 1);
    await deploy(twin, flow('KeptFlow', ''));
  });

  it('is started by a trigger, with the fields of the event as parameters', async () => {
    await whisk.triggers.create({ name: 'uploads' });
    await deploy(twin, flow('UploadsFlow', 'on: [uploads, made-for-it]'));
    await whisk.triggers.invoke({ name: 'uploads', params: { days: 3, rows: ['a', 'b'] } });
    const [run] = await runs('uploads', 'UploadsFlow', 1);
    assert.deepEqual([run?.status, run?.outputs], ['succeeded', { report: [3, 2] }]);
    await whisk.triggers.delete({ name: 'uploads' });
    await whisk.triggers.create({ name: 'uploads' });
    await deploy(twin, flow('UploadsFlow', 'on: [uploads, made-for-it]'));
    await whisk.triggers.invoke({ name: 'uploads' });
    await runs('uploads', 'UploadsFlow', 2);
    await whisk.triggers.invoke({ name: 'made-for-it' });
    assert.equal((await runs('made-for-it', 'UploadsFlow', 1))[0]?.status, 'succeeded');

    await deploy(twin, flow('UploadsFlow', ''));
    assert.deepEqual(await names(), ['uploads'], 'a trigger of somebody else stays');
  });

  it('fails the run and names fields without a matching parameter', async () => {
    await whisk.triggers.create({ name: 'topics' });
    await deploy(twin, flow('TopicsFlow', 'on: topics'));
    const { activationId } = (await whisk.triggers.invoke({
      name: 'topics',
      params: { messages: [{ value: 'x' }] },
    })) as { activationId: string };
    const { logs } = await activation(activationId);
    const { response } = await activation(JSON.parse(logs[0] as string).activationId);
    assert.equal(response.success, false);
    assert.match(response.result.error?.message ?? '', /messages/);
  });

  it('is started by its own feed, with the declared fields only', async () => {
    const text = (minutes: number) =>
      flow('TickFlow', `on: { trigger: tick, feed: /whisk.system/alarms/interval, with: { minutes: ${minutes} } }`);
    await deploy(twin, text(10));
    await clock.advance(11 * 60_000);
    const ticks = await runs('tick', 'TickFlow', 2);
    assert.deepEqual(
      ticks.map(({ status }) => status),
      ['succeeded', 'succeeded'],
    );
    await deploy(twin, text(60));
    await clock.advance(50 * 60_000);
    await runs('tick', 'TickFlow', 3);
    await deploy(twin, flow('TickFlow', ''));
    assert.equal(clock.pending, 0);
  });

  it('matches the example on a Monday, on a Tuesday and on demand', async () => {
    const deployed = await deployFile(twin, join(import.meta.dirname, '../../examples/schedule/flow.yaml'));
    await clock.moveTo('2026-03-03T06:30:00Z');
    await whisk.triggers.invoke({ name: 'digest-wanted', params: { days: 2 } });
    const schedules = startsOf(deployed).filter(({ type, name }) => type === 'trigger' && name.includes('.schedule-'));
    const fired = [...schedules.map(({ name }) => name).reverse(), 'digest-wanted'];
    const started = await Promise.all(fired.map((trigger) => runs(trigger, 'DigestFlow', 1)));
    assert.deepEqual(
      started.flat().map(({ outputs }) => outputs),
      ['680 sold in 7 days', '110 sold in 1 days', '185 sold in 2 days'].map((digest) => ({ digest })),
    );
  });

  it('is deployed even without alarms, and reports what does not start it', async () => {
    const plain = await sharedTwin();
    await assert.rejects(deploy(plain, flow('NoAlarmsFlow', 'schedule: 0 6 * * *')), {
      name: 'UserError',
      code: 'no-feed',
      message:
        /^NoAlarmsFlow was deployed, but its schedule "0 6 \* \* \*" was not set: .*\/whisk\.system\/alarms\/alarm$/,
      hint: /alarms package/,
    });
    assert.equal((await invoke(plain, 'NoAlarmsFlow')).result.status, 'succeeded');
    assert.deepEqual(
      (await client(plain).triggers.list()).filter(({ name }) => name?.startsWith('NoAlarms')),
      [],
    );
  });
});
