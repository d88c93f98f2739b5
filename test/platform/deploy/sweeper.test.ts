import assert from 'node:assert/strict';
import { unzipSync } from 'fflate';
import { silentReport } from '../../../src/base/terminal/progress.ts';
import { deployBundle } from '../../../src/platform/deploy/deploy-bundle.ts';
import { deploySweeper, type SweeperOptions, sweeperName } from '../../../src/platform/deploy/sweeper.ts';
import { type ActionDocument, openWhisk, type Whisk } from '../../../src/platform/openwhisk/client.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { sampleBundle } from './bundle.ts';
import { type FakeWhisk, startFakeWhisk } from './fake-whisk.ts';

const STORE = { bucket: 'b', prefix: 'p', region: 'r', accessKeyId: 'A', secretAccessKey: 'a secret' };
const NAME = sweeperName(STORE);
const TRIGGER = NAME.replace('/', '-');

describe('deploy of the sweeper', () => {
  let fake: FakeWhisk;
  let whisk: Whisk;
  beforeEach(async () => {
    fake = await startFakeWhisk();
    whisk = openWhisk(fake.settings);
  });
  afterEach(async () => {
    whisk.close();
    await fake.close();
  });

  const deploy = async (options: Partial<SweeperOptions> = {}) => {
    const where = { whisk, store: STORE, python: 'none', home: 'none', vendored: false, report: silentReport };
    const { entities, warnings } = await deploySweeper({ ...where, alarm: true, ...options });
    return { outcomes: entities.map(({ type, name, outcome }) => `${outcome} ${type} ${name}`), warnings };
  };
  const action = (name = NAME) => fake.entities.get(`actions/${name}`) as unknown as ActionDocument;

  it('creates an action with the keys of its datastore, and an alarm that fires it', async () => {
    const { outcomes, warnings } = await deploy();
    assert.deepEqual(outcomes, [
      'created package nuvopipe',
      `created action ${NAME}`,
      `created trigger ${TRIGGER}`,
      `created rule ${TRIGGER}.rule`,
    ]);
    assert.deepEqual(warnings, []);
    assert.match(NAME, /^nuvopipe\/sweep-[0-9a-f]{8}$/);
    assert.deepEqual(action().parameters, [
      { key: 'store', value: STORE },
      { key: 'tls', value: {} },
    ]);
    assert.equal(action().annotations.find(({ key }) => key === 'provide-api-key')?.value, true);
    const files = Object.keys(unzipSync(Buffer.from(action().exec.code as string, 'base64')));
    assert.ok(files.includes('__main__.py') && files.includes('nuvopipe_runtime/sweeper.py'));
    assert.match(String(fake.feedParameters.get('/whisk.system/alarms/alarm')?.cron), /^[0-4]-59\/5 \* \* \* \*$/);
    const rule = fake.entities.get(`rules/${TRIGGER}.rule`);
    assert.deepEqual([rule?.trigger, rule?.action], [`/_/${TRIGGER}`, `/_/${NAME}`]);
  });

  for (const [what, trust, annotation] of [
    ['--insecure', { insecure: true }, 'insecure'],
    ['the authorities of --cafile', { ca: 'PEM' }, 'cafile'],
  ] as const)
    it(`records ${what} for the action`, async () => {
      whisk.close();
      whisk = openWhisk({ ...fake.settings, ...trust });
      await deploy();
      assert.deepEqual(action().parameters?.[1], { key: 'tls', value: trust });
      assert.equal(action().annotations.find(({ key }) => key === 'nuvopipe-tls')?.value, annotation);
    });

  it('changes nothing when repeated, and only the action with other keys', async () => {
    await deploy();
    fake.feed = (_, { lifecycleEvent }) => {
      assert.equal(lifecycleEvent, 'READ');
      return { status: 200, result: { status: { active: true } } };
    };
    [fake.puts, fake.changes] = [[], []];
    const again = await deploy();
    assert.ok(again.outcomes.every((outcome) => outcome.startsWith('unchanged ')));
    assert.deepEqual(fake.puts, []);
    const { outcomes } = await deploy({ store: { ...STORE, secretAccessKey: 'another' } });
    assert.deepEqual(
      outcomes.filter((outcome) => !outcome.startsWith('unchanged ')),
      [`updated action ${NAME}`],
    );
  });

  it('exists once per datastore', async () => {
    await deploy();
    const { outcomes } = await deploy({ store: { ...STORE, prefix: 'other' } });
    assert.equal(outcomes.filter((outcome) => outcome.startsWith('created ')).length, 3);
    assert.equal([...fake.entities.keys()].filter((name) => name.startsWith('triggers/')).length, 2);
    assert.ok(!fake.changes.some((change) => change.startsWith('DELETE')));
  });

  it('warns if no alarm can be set', async () => {
    fake.feed = () => undefined;
    const { outcomes, warnings } = await deploy();
    assert.deepEqual(outcomes, ['created package nuvopipe', `created action ${NAME}`]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] as string, /has no feed \/whisk\.system\/alarms\/alarm; use "nuvopipe sweep"$/);
    assert.ok(![...fake.entities.keys()].some((name) => /^(triggers|rules)/.test(name)));
  });

  it('leaves alone what is not its own', async () => {
    fake.entities.set('packages/nuvopipe', { annotations: [] });
    await assert.rejects(deploy(), { code: 'name-taken' });
    assert.deepEqual(fake.puts, []);
  });

  describe('with a flow', () => {
    const deployFlow = (triggers: boolean) =>
      deployBundle({
        ...{
          bundle: sampleBundle(),
          whisk,
          store: { settings: STORE, put: async () => {} } as unknown as Store,
          python: 'none',
          home: 'none',
        },
        ...{ vendored: false, user: 'ada', triggers, report: silentReport },
      });

    it('is deployed with flows, and without an alarm on the local platform', async () => {
      assert.equal((await deployFlow(false)).sweeper, undefined);
      const { sweeper, entities } = await deployFlow(true);
      assert.deepEqual(
        sweeper?.map(({ name }) => name),
        ['nuvopipe', NAME],
      );
      assert.ok(entities.every(({ name }) => name !== NAME));
    });

    it('does not count as a failed deploy', async () => {
      fake.entities.set('packages/nuvopipe', { annotations: [] });
      const { warnings, sweeper } = await deployFlow(true);
      assert.deepEqual(sweeper, []);
      assert.match(
        warnings.join(),
        /the sweeper, which restarts stalled runs, was not deployed: nuvopipe.* on this OpenWhisk/,
      );
    });
  });
});
