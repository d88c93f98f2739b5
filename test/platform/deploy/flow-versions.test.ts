import assert from 'node:assert/strict';
import { UserError } from '../../../src/base/errors.ts';
import { silentReport } from '../../../src/base/terminal/progress.ts';
import { prefixes } from '../../../src/contract/layout.generated.ts';
import type { RunRecord } from '../../../src/contract/records.ts';
import { type BundleDeployment, deployBundle } from '../../../src/platform/deploy/deploy-bundle.ts';
import { ownerAnnotation, ownerOf } from '../../../src/platform/deploy/owner.ts';
import { type Entity, openWhisk, type Whisk } from '../../../src/platform/openwhisk/client.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { sampleBundle } from './bundle.ts';
import { type FakeWhisk, startFakeWhisk } from './fake-whisk.ts';

const FLOW = 'TitlesFlow';
const [A, B, C, D] = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd'] as const;

describe('versions of a flow', () => {
  let fake: FakeWhisk;
  let whisk: Whisk;
  /** Versions of the live runs, by their names; undefined: a run that has no record yet. */
  let live: Record<string, string | undefined>;
  let store: Store;
  let lines: string[];

  beforeEach(async () => {
    fake = await startFakeWhisk();
    whisk = openWhisk(fake.settings);
    live = {};
    lines = [];
    store = {
      settings: { bucket: 'b', prefix: 'p', region: 'r', accessKeyId: 'k', secretAccessKey: 's' },
      async *list(prefix: string) {
        assert.equal(prefix, prefixes.flowLive({ flow: FLOW }));
        for (const run of Object.keys(live)) yield { key: prefix + run };
      },
      put: async () => {},
      async get(key: string) {
        const version = live[/([^/]+)\/run\.json$/.exec(key)?.[1] ?? ''];
        assert.ok(key.startsWith(prefixes.run({ flow: FLOW, run: '' }).slice(0, -1)));
        if (version === undefined) return undefined;
        const record: RunRecord = {
          ...{ version: 1, flow: FLOW, run: 'one', created: 0, user: 'ada', tags: [], system_tags: [] },
          ...{ start: 'start', end: 'end', bundle: version.padEnd(64, '0') },
        };
        return { body: Buffer.from(JSON.stringify(record)), etag: '' };
      },
    } as unknown as Store;
  });

  afterEach(async () => {
    whisk.close();
    await fake.close();
  });

  const deploy = (version: string, more: { code?: string; isSequence?: true } = {}): Promise<BundleDeployment> =>
    deployBundle({
      ...{ bundle: sampleBundle({ version, ...more }), whisk, store, python: 'none', home: 'none', vendored: false },
      ...{ user: 'ada', report: { ...silentReport, detail: (text) => lines.push(text) } },
    });
  const actionsOf = (version: string) =>
    ['m256-t60', 'm1024-t600', 'flow'].map((name) => `${FLOW}.steps/${name}-${version}`);
  const deleted = ({ entities }: BundleDeployment) =>
    entities.filter(({ outcome }) => outcome === 'deleted').map(({ name }) => name);
  const present = () => [...fake.entities.keys()].flatMap((key) => /actions\/.*-([a-d]{8})$/.exec(key)?.[1] ?? []);
  const versions = () => [...new Set(present())].sort();

  it('coexist; clients invoke the current one, which names its predecessor', async () => {
    await deploy(A);
    await deploy(B);
    assert.deepEqual(versions(), [A, B]);
    const current = ownerOf(fake.entities.get(`actions/${FLOW}`) as unknown as Entity);
    assert.deepEqual([current.version, current.previous], [B, A]);
    await deploy(B, { code: 'of another nuvopipe' });
    const updated = ownerOf(fake.entities.get(`actions/${FLOW}`) as unknown as Entity);
    assert.deepEqual([updated.version, updated.previous], [B, A]);
  });

  it('stay unchanged when deployed again, and only change with another runtime', async () => {
    await deploy(A);
    await deploy(B);
    fake.puts = [];
    await deploy(B);
    assert.deepEqual(fake.puts, []);
    const { entities } = await deploy(B, { code: 'of another nuvopipe' });
    assert.deepEqual(
      entities.filter(({ outcome }) => outcome !== 'unchanged').map(({ name, outcome }) => `${outcome} ${name}`),
      actionsOf(B)
        .slice(0, 2)
        .map((name) => `updated ${name}`),
    );
  });

  it('go two deploys later, the oldest first, in a line each', async () => {
    live = { one: A, two: B };
    for (const version of [A, B, C]) await deploy(version);
    assert.deepEqual(versions(), [A, B, C]);
    live = {};
    lines = [];
    const last = await deploy(D);
    assert.deepEqual(deleted(last), [...actionsOf(A), ...actionsOf(B)]);
    assert.deepEqual(versions(), [C, D]);
    assert.deepEqual(
      lines.filter((line) => line.startsWith('deleted')),
      [A, B].map((version) => `deleted   version ${version} of ${FLOW}, 3 actions: no run needs it`),
    );
    assert.ok(fake.entities.has(`actions/${FLOW}.steps/wait`));
  });

  it('stay as long as a run of theirs is not over', async () => {
    await deploy(A);
    live = { one: A, just_begun: undefined };
    await deploy(B);
    await deploy(C);
    assert.deepEqual(deleted(await deploy(D)), actionsOf(B));
    assert.deepEqual(versions(), [A, C, D]);
    live = {};
    assert.deepEqual(deleted(await deploy(D)), actionsOf(A));
  });

  it('may be deployed once more', async () => {
    for (const version of [A, B, A]) await deploy(version);
    assert.deepEqual(versions(), [A, B]);
    assert.deepEqual(deleted(await deploy(C)), actionsOf(B));
  });

  it('of a native sequence are sequences', async () => {
    await deploy(A);
    await deploy(B, { isSequence: true });
    const { exec } = fake.entities.get(`actions/${FLOW}.steps/flow-${B}`) as { exec: { components: string[] } };
    assert.deepEqual(
      exec.components,
      ['m256-t60', 'm1024-t600'].map((name) => `/_/${FLOW}.steps/${name}-${B}`),
    );
    assert.ok(fake.entities.has(`actions/${FLOW}.steps/wait`), 'runs of the version before pause in it');
  });

  it('leave entities of others in the package', async () => {
    await deploy(A);
    const theirs = `actions/${FLOW}.steps/p256-60s-${D}`;
    fake.entities.set(theirs, { annotations: [ownerAnnotation({ flow: 'OtherFlow', version: D })] });
    await deploy(B);
    await deploy(C);
    assert.deepEqual(versions(), [B, C, D]);
    assert.ok(fake.entities.has(theirs));
  });

  it('stay if the live runs are unknown; the flow is still deployed', async () => {
    for (const version of [A, B]) await deploy(version);
    store.list = () => {
      throw new UserError('store-unreachable', 'http://s3 does not answer', 'start it');
    };
    const { warnings } = await deploy(C);
    assert.equal(warnings.at(-1), `older versions of ${FLOW} were not removed: http://s3 does not answer`);
    assert.deepEqual(versions(), [A, B, C]);
  });
});
