import assert from 'node:assert/strict';
import type { Progress } from '../../../src/base/terminal/progress.ts';
import { scheduleText } from '../../../src/cli/views/schedule-text.ts';
import type { ManifestTrigger } from '../../../src/contract/manifest.ts';
import { deployBundle } from '../../../src/platform/deploy/deploy-bundle.ts';
import type { DeployedEntity } from '../../../src/platform/deploy/deployed-entity.ts';
import { nextStart, setSchedules } from '../../../src/platform/deploy/feed-schedules.ts';
import { openWhisk, type Whisk } from '../../../src/platform/openwhisk/client.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { sampleBundle } from './bundle.ts';
import { type FakeWhisk, startFakeWhisk } from './fake-whisk.ts';

const STORE = {
  settings: { bucket: 'b', prefix: 'p', region: 'r', accessKeyId: 'A', secretAccessKey: 'S' },
  put: async () => {},
} as unknown as Store;
const ALARM = '/whisk.system/alarms/alarm';
const FEED = '/guest/kafka/feed';

const schedule = (number: number, cron = '0 6 * * *'): ManifestTrigger => ({
  name: `TitlesFlow.schedule-${number}`,
  rule: `TitlesFlow.schedule-${number}.rule`,
  feed: ALARM,
  parameters: { cron, trigger_payload: { days: 7 } },
  schedule: { cron },
});
const uploads: ManifestTrigger = { name: 'uploads', rule: 'TitlesFlow.on-uploads' };
const orders = (topic: string): ManifestTrigger => ({
  name: 'orders',
  rule: 'TitlesFlow.on-orders',
  feed: FEED,
  parameters: { topic },
});

describe('deploy of triggers', () => {
  let fake: FakeWhisk;
  let whisk: Whisk;
  let lines: string[];
  const report: Progress = { line: (text) => lines.push(text), detail: (text) => lines.push(text), progress() {} };
  beforeEach(async () => {
    fake = await startFakeWhisk();
    whisk = openWhisk(fake.settings);
    lines = [];
  });
  afterEach(async () => {
    whisk.close();
    await fake.close();
  });

  /** What became of triggers and rules. */
  async function deploy(triggers: ManifestTrigger[], { set = true, flow = 'TitlesFlow' } = {}): Promise<string[]> {
    const bundle = sampleBundle({ flow });
    fake.changes = [];
    const { entities } = await deployBundle({
      bundle: { ...bundle, manifest: { ...bundle.manifest, triggers } },
      whisk,
      store: STORE,
      ...{ python: 'none', home: 'none', vendored: false, user: 'ada', triggers: set, report },
    });
    const isStart = ({ type }: DeployedEntity) => type === 'trigger' || type === 'rule';
    return entities.filter(isStart).map(({ type, name, outcome }) => `${outcome} ${type} ${name}`);
  }
  const left = () => [...fake.entities.keys()].filter((name) => /^(triggers|rules)/.test(name)).sort();
  const annotation = (name: string, key: string) =>
    (fake.entities.get(name) as { annotations: { key: string; value: unknown }[] }).annotations.find(
      (each) => each.key === key,
    )?.value;

  it('makes the trigger, then its feed, then the rule', async () => {
    assert.deepEqual(await deploy([schedule(1)]), [
      'created trigger TitlesFlow.schedule-1',
      'created rule TitlesFlow.schedule-1.rule',
    ]);
    assert.deepEqual(fake.changes, [
      'PUT triggers/TitlesFlow.schedule-1',
      `CREATE ${ALARM}`,
      'PUT rules/TitlesFlow.schedule-1.rule',
    ]);
    assert.equal(fake.puts.indexOf('actions/TitlesFlow') < fake.puts.indexOf('triggers/TitlesFlow.schedule-1'), true);
    assert.deepEqual(fake.feedParameters.get(ALARM), {
      cron: '0 6 * * *',
      trigger_payload: { days: 7 },
      lifecycleEvent: 'CREATE',
      triggerName: '/_/TitlesFlow.schedule-1',
      authKey: 'a:b',
    });
    assert.equal(annotation('triggers/TitlesFlow.schedule-1', 'feed'), ALARM);
    const { trigger, action } = fake.entities.get('rules/TitlesFlow.schedule-1.rule') as Record<string, string>;
    assert.deepEqual([trigger, action], ['/_/TitlesFlow.schedule-1', '/_/TitlesFlow']);
  });

  it('changes nothing the second time', async () => {
    const triggers = [schedule(1), orders('a'), uploads];
    await deploy(triggers);
    assert.ok((await deploy(triggers)).every((each) => each.startsWith('unchanged')));
    assert.deepEqual(fake.changes, [`READ ${ALARM}`]);
  });

  for (const [what, answer] of [
    ['is lost', { status: 502, result: { error: { error: 'could not find trigger' } } }],
    ['was given up', { status: 200, result: { status: { active: false } } }],
  ] as const) {
    it(`restores an alarm that ${what}`, async () => {
      await deploy([schedule(1)]);
      const yes = fake.feed;
      fake.feed = (name, params) => (params.lifecycleEvent === 'READ' ? answer : yes(name, params));
      assert.equal((await deploy([schedule(1)]))[0], 'updated trigger TitlesFlow.schedule-1');
      const calls = fake.changes.filter((change) => change.endsWith(ALARM));
      assert.deepEqual(
        calls.map((call) => call.split(' ')[0]),
        ['READ', 'DELETE', 'CREATE'],
      );
    });
  }

  it('updates changes, deleting the old alarm first', async () => {
    await deploy([schedule(1), orders('a')]);
    assert.deepEqual(await deploy([schedule(1, '0 7 * * *'), orders('b')]), [
      'updated trigger TitlesFlow.schedule-1',
      'updated rule TitlesFlow.schedule-1.rule',
      'updated trigger orders',
      'updated rule TitlesFlow.on-orders',
    ]);
    assert.deepEqual(
      fake.changes.filter((each) => !each.startsWith('PUT')),
      [`DELETE ${ALARM}`, `CREATE ${ALARM}`, `DELETE ${FEED}`, `CREATE ${FEED}`],
    );
    assert.equal(fake.feedParameters.get(FEED)?.topic, 'b');
  });

  it('removes only what is no longer in the flow', async () => {
    await deploy([schedule(1), schedule(2), orders('a'), uploads]);
    await deploy([{ ...schedule(1), name: 'Other.schedule-1', rule: 'Other.schedule-1.rule' }], { flow: 'Other' });
    fake.entities.set('triggers/TitlesFlow.schedule-9', { annotations: [] });
    fake.entities.set('rules/TitlesFlow.mine', { annotations: [], trigger: '/_/else' });
    assert.deepEqual(await deploy([schedule(1)]), [
      'deleted rule TitlesFlow.schedule-2.rule',
      'deleted rule TitlesFlow.on-orders',
      'deleted rule TitlesFlow.on-uploads',
      'deleted trigger TitlesFlow.schedule-2',
      'deleted trigger orders',
      'deleted trigger uploads',
      'unchanged trigger TitlesFlow.schedule-1',
      'unchanged rule TitlesFlow.schedule-1.rule',
    ]);
    const of = (change: string) => fake.changes.indexOf(change);
    assert.ok(of(`DELETE ${FEED}`) < of('DELETE triggers/orders'));
    assert.deepEqual(left(), [
      ...['rules/Other.schedule-1.rule', 'rules/TitlesFlow.mine', 'rules/TitlesFlow.schedule-1.rule'],
      ...['triggers/Other.schedule-1', 'triggers/TitlesFlow.schedule-1', 'triggers/TitlesFlow.schedule-9'],
    ]);
  });

  it('removes a trigger even if its feed refuses or is gone', async () => {
    await deploy([schedule(1), orders('a')]);
    fake.feed = (name) => (name === FEED ? { status: 502, result: { error: 'unknown trigger' } } : undefined);
    await deploy([]);
    assert.deepEqual(left(), []);
  });

  it('leaves a trigger of its own to others who have linked it, and takes it when they have gone', async () => {
    await deploy([uploads]);
    fake.entities.set('rules/theirs', { annotations: [], trigger: '/_/uploads' });
    assert.deepEqual(await deploy([]), ['deleted rule TitlesFlow.on-uploads']);
    assert.deepEqual(left(), ['rules/theirs', 'triggers/uploads']);
    fake.entities.delete('rules/theirs');
    assert.deepEqual(await deploy([]), ['deleted trigger uploads']);
  });

  it('links a trigger of somebody else, and leaves it as it is', async () => {
    const theirs = { annotations: [{ key: 'feed', value: '/their/feed' }] };
    fake.entities.set('triggers/uploads', theirs);
    assert.deepEqual(await deploy([uploads]), ['created rule TitlesFlow.on-uploads']);
    assert.deepEqual(fake.changes, ['PUT rules/TitlesFlow.on-uploads']);
    assert.deepEqual(await deploy([]), ['deleted rule TitlesFlow.on-uploads']);
    assert.deepEqual([left(), fake.entities.get('triggers/uploads')], [['triggers/uploads'], theirs]);
  });

  for (const [taken, triggers] of [
    ['triggers/orders', [orders('a')]],
    ['rules/TitlesFlow.on-uploads', [uploads]],
    ['actions/uploads', [uploads]],
    ['packages/TitlesFlow.schedule-1', [schedule(1)]],
  ] as const) {
    it(`does not touch somebody else's ${taken}, and deploys nothing`, async () => {
      fake.entities.set(taken, { annotations: [] });
      await assert.rejects(deploy([...triggers]), { name: 'UserError', code: 'name-taken' });
      assert.deepEqual(fake.puts, []);
    });
  }

  it('deploys the rest without alarms, and reports schedules that were not set', async () => {
    fake.feed = (name) => (name === ALARM ? undefined : { status: 200, result: {} });
    await assert.rejects(deploy([schedule(1), orders('a'), schedule(2, '0 7 * * *')]), (error: Error) => {
      const { name, code, message, hint } = error as Error & { code: string; hint: string };
      assert.deepEqual([name, code], ['UserError', 'no-feed']);
      assert.match(
        message,
        /^TitlesFlow was deployed, but its schedule "0 6 \* \* \*" was not set: http.* has no feed/,
      );
      assert.match(message, /; its schedule "0 7 \* \* \*" was not set/);
      assert.match(hint, /alarms package \(openwhisk-package-alarms\)/);
      return true;
    });
    assert.deepEqual(left(), ['rules/TitlesFlow.on-orders', 'triggers/orders']);
    assert.ok(fake.entities.has('actions/TitlesFlow'));
    fake.feed = () => ({ status: 200, result: {} });
    assert.equal((await deploy([schedule(1), orders('a')]))[0], 'created trigger TitlesFlow.schedule-1');
  });

  it('reports why a feed refuses, without the key, and tries again next time', async () => {
    await deploy([schedule(1)]);
    fake.feed = (_, { authKey }) => ({ status: 502, result: { error: { error: `Invalid timezone. ${authKey}` } } });
    await assert.rejects(deploy([schedule(1, '0 7 * * *')]), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'feed-refused');
      assert.match(
        error.message,
        /"0 7 \* \* \*" was not set: the feed .*alarm rejected its arguments: Invalid timezone\. …$/,
      );
      return true;
    });
    fake.feed = () => ({ status: 200, result: {} });
    assert.equal((await deploy([schedule(1, '0 7 * * *')]))[1], 'updated rule TitlesFlow.schedule-1.rule');
  });

  it('leaves triggers alone unless it is asked for them', async () => {
    await deploy([schedule(1), uploads]);
    assert.deepEqual(await deploy([schedule(2)], { set: false }), []);
    assert.deepEqual(fake.changes, []);
    assert.equal(left().length, 4);
  });

  it('reports each', async () => {
    await deploy([uploads]);
    assert.deepEqual(lines.slice(-2), ['created   trigger uploads', 'created   rule TitlesFlow.on-uploads']);
  });
});

describe('the next start of a schedule', () => {
  const after = Date.parse('2026-03-27T12:00:00Z');
  const next = (cron: string, timezone?: string) =>
    nextStart({ cron, ...(timezone && { timezone }) }, after).toISOString();

  it('matches crontab in its time zone, even when clocks change', () => {
    assert.equal(next('0 6 * * *'), '2026-03-28T06:00:00.000Z');
    assert.equal(next('0 6 * * 7', 'Europe/Rome'), '2026-03-29T04:00:00.000Z');
    assert.equal(next('0 6 * 12 *'), '2026-12-01T06:00:00.000Z');
    assert.equal(next('0 0 13 * 1'), '2026-03-30T00:00:00.000Z');
    assert.equal(next('0 0 1-31 * 1'), '2026-03-30T00:00:00.000Z');
    assert.equal(next('0 0 29 2 *'), '2028-02-29T00:00:00.000Z');
  });

  it('is printed in UTC and in its time zone', () => {
    const parameters = {};
    const shown = (cron: string, timezone?: string) => {
      const schedule = { cron, ...(timezone && { timezone }) };
      return setSchedules([{ name: 't', rule: 'r', parameters, schedule }, uploads], after).map(scheduleText);
    };
    assert.deepEqual(shown('0 6 * * *'), ['0 6 * * *: next 2026-03-28 06:00 UTC']);
    assert.deepEqual(shown('0 6 * * *', 'Europe/Rome'), ['0 6 * * * Europe/Rome: next 2026-03-28 06:00 (05:00 UTC)']);
    assert.deepEqual(shown('0 6 * * *', 'Asia/Tokyo'), [
      '0 6 * * * Asia/Tokyo: next 2026-03-28 06:00 (2026-03-27 21:00 UTC)',
    ]);
  });
});
