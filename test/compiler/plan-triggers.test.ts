import assert from 'node:assert/strict';
import type { ManifestTrigger } from '../../src/contract/manifest.ts';
import { Workshop } from './flows.ts';

const ALARM = '/whisk.system/alarms/alarm';

describe('triggers of a bundle', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop.close());

  const bundle = (keys: string) => workshop.bundle(`flow: F\n${keys}\nsteps: [{ step: a, run: self.x = 1 }]\n`);
  const triggers = async (keys: string): Promise<ManifestTrigger[]> => (await bundle(keys)).manifest.triggers ?? [];

  it('a schedule becomes an alarm in the cron dialect of the alarms, with the parameters as payload', async () => {
    const keys = `
parameters: { days: { type: integer, default: 1 } }
schedule:
  - 0 6 1 12 7
  - { cron: "*/15 * * * mon-fri", timezone: Europe/Rome, parameters: { days: 7 } }`;
    assert.deepEqual(await triggers(keys), [
      {
        name: 'F.schedule-013e12',
        rule: 'F.schedule-013e12.rule',
        feed: ALARM,
        parameters: { cron: '0 6 1 dec sun', trigger_payload: {} },
        schedule: { cron: '0 6 1 12 7' },
      },
      {
        name: 'F.schedule-b4f236',
        rule: 'F.schedule-b4f236.rule',
        feed: ALARM,
        parameters: { cron: '*/15 * * * mon-fri', timezone: 'Europe/Rome', trigger_payload: { days: 7 } },
        schedule: { cron: '*/15 * * * mon-fri', timezone: 'Europe/Rome' },
      },
    ]);
  });

  it('names a schedule by its times, whatever is written around it', async () => {
    const names = async (schedules: string, keys = '') =>
      (await triggers(`${keys}\nschedule: [${schedules}]`)).map(({ name }) => name);
    const [nightly] = await names('5 4 * * *');
    const parameters = 'parameters: { days: { type: integer, default: 1 } }';
    assert.deepEqual((await names('0 6 * * *, "5 4 * * *"'))[1], nightly);
    assert.deepEqual(await names('{ cron: 5 4 * * *, parameters: { days: 7 } }', parameters), [nightly]);
    assert.deepEqual(await names('{ cron: 5 4 * * *, timezone: UTC }'), [nightly]);
    assert.notDeepEqual(await names('{ cron: 5 4 * * *, timezone: Europe/Rome }'), [nightly]);
    const both = await names('{ cron: 5 4 * * *, parameters: { days: 7 } }, "5 4 * * *", "5 4 * * *"', parameters);
    assert.equal(new Set(both).size, 3);
    const turned = await names('"5 4 * * *", "5 4 * * *", { cron: 5 4 * * *, parameters: { days: 7 } }', parameters);
    assert.deepEqual(turned.toSorted(), both.toSorted());
  });

  it('omits UTC as a time zone for the alarms', async () => {
    const [trigger] = await triggers('schedule: { cron: 0 6 * * *, timezone: Etc/UTC }');
    assert.deepEqual(trigger?.parameters, { cron: '0 6 * * *', trigger_payload: {} });
    assert.deepEqual(trigger?.schedule, { cron: '0 6 * * *' });
  });

  it('keeps the name of a trigger under `on` and adds the flow’s to the rule', async () => {
    const keys = `
on:
  - uploads
  - { trigger: orders, feed: /whisk.system/messaging/kafkaFeed, with: { topic: orders } }
  - { trigger: tick, feed: /whisk.system/alarms/interval, with: { minutes: 10 } }
  - { trigger: tock, feed: /whisk.system/alarms/interval, with: { minutes: 9, trigger_payload: { a: 1 } } }`;
    assert.deepEqual(await triggers(keys), [
      { name: 'uploads', rule: 'F.on-uploads' },
      {
        name: 'orders',
        rule: 'F.on-orders',
        feed: '/whisk.system/messaging/kafkaFeed',
        parameters: { topic: 'orders' },
      },
      {
        name: 'tick',
        rule: 'F.on-tick',
        feed: '/whisk.system/alarms/interval',
        parameters: { trigger_payload: {}, minutes: 10 },
      },
      {
        name: 'tock',
        rule: 'F.on-tock',
        feed: '/whisk.system/alarms/interval',
        parameters: { trigger_payload: { a: 1 }, minutes: 9 },
      },
    ]);
  });

  it('names of other namespaces are kept, and rules told apart by a short hash where it must be', async () => {
    const long = 'x'.repeat(256);
    const found = await triggers(`on: [/_/uploads, /other/uploads, ${long}]`);
    assert.deepEqual(
      found.map(({ name }) => name),
      ['uploads', '/other/uploads', long],
    );
    const [own, other, cut] = found.map(({ rule }) => rule) as [string, string, string];
    assert.equal(own, 'F.on-uploads');
    assert.match(other, /^F\.on-uploads-[0-9a-f]{6}$/);
    assert.match(cut, /^F\.on-x+-[0-9a-f]{6}$/);
    assert.equal(cut.length, 256);
  });

  it('only changes the manifest of a bundle with triggers', async () => {
    const [plain, scheduled] = [await bundle(''), await bundle('schedule: 0 6 * * *')];
    assert.ok(!('triggers' in plain.manifest));
    assert.deepEqual(scheduled.plan, plain.plan);
    for (const name of ['flow.py', 'plan.json', 'composition.json', 'conductor.js', 'wait.js'])
      assert.deepEqual(scheduled.files.get(name), plain.files.get(name), name);
    const written = JSON.parse(Buffer.from(scheduled.files.get('manifest.json') as Uint8Array).toString());
    assert.deepEqual(written.triggers, scheduled.manifest.triggers);
  });
});
