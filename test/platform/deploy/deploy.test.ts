import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { unzipSync } from 'fflate';
import { UserError } from '../../../src/base/errors.ts';
import { silentReport } from '../../../src/base/terminal/progress.ts';
import { mergeZips, zipFiles } from '../../../src/base/zip.ts';
import { keys } from '../../../src/contract/layout.generated.ts';
import type { Bundle } from '../../../src/contract/manifest.ts';
import { nodeKind, pythonKind } from '../../../src/platform/deploy/choose-kind.ts';
import { type BundleDeployment, deployBundle } from '../../../src/platform/deploy/deploy-bundle.ts';
import { probeConditionalPut } from '../../../src/platform/deploy/probe.ts';
import { type ActionDocument, openWhisk, type Whisk } from '../../../src/platform/openwhisk/client.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { sampleBundle } from './bundle.ts';
import { type FakeWhisk, startFakeWhisk } from './fake-whisk.ts';

const encode = (text: string) => new TextEncoder().encode(text);

const SECRET = 'wJalrXUtnFEMI';
/** What deploying has written there, by key. */
const stored = new Map<string, string>();
const STORE = {
  settings: { bucket: 'b', prefix: 'p', region: 'r', accessKeyId: 'AKID', secretAccessKey: SECRET },
  put: async (key: string, content: string) => void stored.set(key, content),
} as unknown as Store;

describe('deploy', () => {
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

  const deploy = (bundle: Bundle, secrets?: Record<string, string>, store = STORE): Promise<BundleDeployment> =>
    deployBundle({
      ...(secrets && { secrets }),
      bundle,
      whisk,
      store,
      python: 'none',
      home: 'none',
      vendored: false,
      user: 'ada',
      report: silentReport,
    });
  const outcomes = ({ entities }: BundleDeployment) => entities.map(({ name, outcome }) => `${outcome} ${name}`);
  const action = (name: string) => fake.entities.get(`actions/${name}`) as unknown as ActionDocument;

  it('keeps the plan beside the runs', async () => {
    const bundle = sampleBundle();
    await deploy(bundle);
    const { flow, hash } = bundle.plan;
    assert.deepEqual(JSON.parse(stored.get(keys.plan({ flow, hash })) ?? ''), bundle.plan);
  });

  it('warns where the plan cannot be kept, and deploys the flow', async () => {
    const put = async () => {
      throw new UserError('store-unreachable', 'no answer', 'check it');
    };
    const { warnings, entities } = await deploy(sampleBundle(), undefined, { ...STORE, put });
    assert.equal(warnings.at(-1), 'the plan was not stored, so status will show less of the runs: no answer');
    assert.ok(entities.length > 0);
  });

  it('deploys the conductor last', async () => {
    await deploy(sampleBundle());
    assert.deepEqual(fake.puts, [
      'packages/TitlesFlow.steps',
      'actions/TitlesFlow.steps/m256-t60-1a2b3c4d',
      'actions/TitlesFlow.steps/m1024-t600-1a2b3c4d',
      'actions/TitlesFlow.steps/wait',
      'actions/TitlesFlow.steps/flow-1a2b3c4d',
      'actions/TitlesFlow',
    ]);
    assert.equal(action('TitlesFlow').annotations.find(({ key }) => key === 'conductor')?.value, true);
  });

  it('binds the keys of the datastore to step actions only, and gives the OpenWhisk key to conductors only (I6)', async () => {
    await deploy(sampleBundle());
    for (const [name, body] of fake.entities) {
      const isStep = name.includes('steps/m');
      assert.equal(JSON.stringify(body).includes(SECRET), isStep, name);
      const provide = (body as unknown as ActionDocument).annotations.find(({ key }) => key === 'provide-api-key');
      const isConductor = name === 'actions/TitlesFlow' || name.includes('steps/flow-');
      assert.equal(provide?.value ?? false, isConductor, name);
    }
    assert.deepEqual(action('TitlesFlow.steps/m256-t60-1a2b3c4d').parameters, [
      { key: 'store', value: STORE.settings },
      { key: 'user', value: 'ada' },
    ]);
  });

  const trustOf = (name: string) => {
    const { annotations, exec } = action(name);
    const encoded = /tls: (\S+)/.exec(exec.code ?? '')?.[1];
    return [
      annotations.find(({ key }) => key === 'nuvopipe-tls')?.value,
      encoded && Buffer.from(encoded, 'base64').toString(),
    ];
  };
  for (const [what, trust, recorded, warned] of [
    ['nothing of certificates by default', {}, [undefined, '{}'], 0],
    ['the authorities of --cafile', { ca: 'PEM' }, ['cafile', '{"ca":"PEM"}'], 0],
    ['--insecure, and warns', { insecure: true }, ['insecure', '{"insecure":true}'], 1],
  ] as const)
    it(`records ${what}`, async () => {
      whisk.close();
      whisk = openWhisk({ ...fake.settings, ...trust });
      const { warnings } = await deploy(sampleBundle());
      for (const name of ['TitlesFlow', 'TitlesFlow.steps/flow-1a2b3c4d']) assert.deepEqual(trustOf(name), recorded);
      assert.deepEqual(trustOf('TitlesFlow.steps/m256-t60-1a2b3c4d'), [undefined, undefined]);
      assert.equal(warnings.filter((each) => each.startsWith('TLS certificates are not verified')).length, warned);
    });

  it('leaves alone what has not changed, and updates what has', async () => {
    assert.deepEqual(
      new Set((await deploy(sampleBundle())).entities.map(({ outcome }) => outcome)),
      new Set(['created']),
    );
    fake.puts = [];
    assert.deepEqual(
      new Set((await deploy(sampleBundle())).entities.map(({ outcome }) => outcome)),
      new Set(['unchanged']),
    );
    assert.deepEqual(fake.puts, []);
    assert.deepEqual(outcomes(await deploy(sampleBundle({ code: 'x = 2' }))), [
      'unchanged TitlesFlow.steps',
      'updated TitlesFlow.steps/m256-t60-1a2b3c4d',
      'updated TitlesFlow.steps/m1024-t600-1a2b3c4d',
      'unchanged TitlesFlow.steps/wait',
      'unchanged TitlesFlow.steps/flow-1a2b3c4d',
      'unchanged TitlesFlow',
    ]);
  });

  const paid = () => sampleBundle({ secrets: ['API_TOKEN'] });

  it('binds a secret to the actions whose steps name it and never prints it', async () => {
    await deploy(paid(), { API_TOKEN: 'hush', OTHER: 'unrelated' });
    assert.deepEqual(
      action('TitlesFlow.steps/m1024-t600-1a2b3c4d').parameters.find(({ key }) => key === 'secrets'),
      { key: 'secrets', value: { API_TOKEN: 'hush' } },
    );
    for (const [name, body] of fake.entities) {
      assert.equal(JSON.stringify(body).includes('hush'), name.endsWith('m1024-t600-1a2b3c4d'), name);
      assert.ok(!JSON.stringify(body).includes('unrelated'), name);
    }
  });

  it('updates an action whose secret changed, without revealing it', async () => {
    await deploy(paid(), { API_TOKEN: '1234' });
    const hashOf = () =>
      action('TitlesFlow.steps/m1024-t600-1a2b3c4d').annotations.find(({ key }) => key === 'nuvopipe')?.value;
    const { hash } = hashOf() as { hash: string };
    const name = 'TitlesFlow.steps/m1024-t600-1a2b3c4d';
    const { annotations: all, exec, parameters, limits } = action(name);
    const annotations = all.filter(({ key }) => key !== 'nuvopipe');
    const hashed = JSON.stringify({ name, annotations, body: { exec, parameters, limits } });
    assert.equal(createHmac('sha256', fake.settings.auth).update(hashed).digest('hex'), hash);
    for (const guess of ['1234', JSON.stringify({ API_TOKEN: '1234' }), hashed]) {
      assert.notEqual(createHash('sha256').update(guess).digest('hex'), hash);
    }
    assert.ok((await deploy(paid(), { API_TOKEN: '1234' })).entities.every(({ outcome }) => outcome === 'unchanged'));
    assert.deepEqual(outcomes(await deploy(paid(), { API_TOKEN: '4321' })), [
      'unchanged TitlesFlow.steps',
      'unchanged TitlesFlow.steps/m256-t60-1a2b3c4d',
      'updated TitlesFlow.steps/m1024-t600-1a2b3c4d',
      'unchanged TitlesFlow.steps/wait',
      'unchanged TitlesFlow.steps/flow-1a2b3c4d',
      'unchanged TitlesFlow',
    ]);
  });

  it('asks for the secrets before it asks the cluster for anything', async () => {
    await fake.close();
    await assert.rejects(deploy(paid()), { code: 'missing-secrets' });
    await assert.rejects(deploy(paid(), { API_TOKEN: '' }), { code: 'missing-secrets' });
    fake = await startFakeWhisk();
  });

  it('uses the image of a step, except on the local platform', async () => {
    const { warnings } = await deploy(sampleBundle({ image: 'acme/torch:2' }));
    const { code: _, ...exec } = action('TitlesFlow.steps/m1024-t600-1a2b3c4d').exec;
    assert.deepEqual(exec, { kind: 'blackbox', image: 'acme/torch:2', binary: true });
    assert.equal(action('TitlesFlow.steps/m256-t60-1a2b3c4d').exec.kind, 'python:3.11');
    assert.ok(
      warnings.includes(
        'the local platform has no containers: steps fit (action m1024-t600-1a2b3c4d) run in the local Python, not in acme/torch:2',
      ),
      warnings.join('\n'),
    );
  });

  it('reports what an interrupted deploy has done, and continues there', async () => {
    fake.refuse = 'actions/TitlesFlow.steps/wait';
    await assert.rejects(deploy(sampleBundle()), (error: Error & { code: string; hint: string }) => {
      assert.deepEqual([error.name, error.code], ['UserError', 'deploy-incomplete']);
      assert.match(error.message, /created TitlesFlow.steps\/m256-t60-1a2b3c4d/);
      assert.match(error.message, /TitlesFlow.steps\/wait failed: .*requirement failed/);
      assert.match(error.message, /; not reached: TitlesFlow.steps\/flow-1a2b3c4d, TitlesFlow$/);
      assert.match(error.hint, /again/);
      assert.ok(!error.message.includes(SECRET));
      return true;
    });
    fake.refuse = undefined;
    assert.deepEqual(outcomes(await deploy(sampleBundle())), [
      'unchanged TitlesFlow.steps',
      'unchanged TitlesFlow.steps/m256-t60-1a2b3c4d',
      'unchanged TitlesFlow.steps/m1024-t600-1a2b3c4d',
      'created TitlesFlow.steps/wait',
      'created TitlesFlow.steps/flow-1a2b3c4d',
      'created TitlesFlow',
    ]);
  });

  for (const taken of [
    'actions/TitlesFlow',
    'packages/TitlesFlow',
    'packages/TitlesFlow.steps',
    'actions/TitlesFlow.steps',
  ]) {
    it(`does not touch somebody else's ${taken}`, async () => {
      fake.entities.set(taken, { annotations: [{ key: 'exec', value: 'nodejs:20' }] });
      await assert.rejects(deploy(sampleBundle()), { name: 'UserError', code: 'name-taken' });
      assert.deepEqual(fake.puts, []);
    });
  }

  it('caps limits at those of the cluster and names the affected steps', async () => {
    const { warnings } = await deploy(sampleBundle());
    assert.deepEqual(action('TitlesFlow.steps/m1024-t600-1a2b3c4d').limits, { memory: 512, timeout: 300_000, logs: 0 });
    assert.deepEqual(warnings, [
      'steps fit (action m1024-t600-1a2b3c4d) get 512 MB instead of 1024 MB: the cluster does not allow more',
      'steps fit (action m1024-t600-1a2b3c4d) get 300 s instead of 600 s: the cluster does not allow more',
    ]);
  });

  it('limits activation logs to the minimum of the cluster', async () => {
    fake.info = { limits: { min_action_logs: 1024 * 1024 } };
    await deploy(sampleBundle());
    assert.equal(action('TitlesFlow').limits.logs, 1);
  });

  it('does not cap limits that the cluster does not publish', async () => {
    fake.info = {};
    await deploy(sampleBundle());
    assert.deepEqual(action('TitlesFlow.steps/m1024-t600-1a2b3c4d').limits, {
      memory: 1024,
      timeout: 600_000,
      logs: 0,
    });
    assert.equal(action('TitlesFlow').exec.kind, 'nodejs:default');
  });
});

describe('kinds', () => {
  it('uses stock kinds if available, otherwise the newest suitable one', () => {
    assert.equal(pythonKind(['python:3', 'python:3.11']), 'python:3.11');
    assert.equal(pythonKind(['nodejs:20', 'python:3']), 'python:3');
    assert.equal(pythonKind(['python:3.10', 'python:3.11', 'python:3.12']), 'python:3.11');
    assert.equal(pythonKind(['python:3.9', 'python:3.12', 'python:3.13']), 'python:3.13');
    assert.equal(pythonKind(['python:2', 'python:3.9']), 'python:default');
    assert.equal(pythonKind(undefined), 'python:default');
    assert.equal(nodeKind(['nodejs:14', 'nodejs:18', 'nodejs:22']), 'nodejs:22');
    assert.equal(nodeKind(['nodejs:20', 'nodejs:22']), 'nodejs:20');
    assert.equal(nodeKind(['nodejs:14']), 'nodejs:default');
  });
});

describe('zips', () => {
  it('merges without touching what is compressed; the first entry of a name wins', () => {
    const a = zipFiles(
      new Map([
        ['x.py', encode('one')],
        ['ü/y.py', encode('two'.repeat(1000))],
      ]),
    );
    const b = zipFiles(
      new Map([
        ['x.py', encode('other')],
        ['z.py', encode('three')],
      ]),
    );
    const merged = unzipSync(mergeZips([a, b]));
    assert.deepEqual(
      Object.entries(merged).map(([name, bytes]) => [name, new TextDecoder().decode(bytes).slice(0, 5)]),
      [
        ['x.py', 'one'],
        ['ü/y.py', 'twotw'],
        ['z.py', 'three'],
      ],
    );
    assert.deepEqual(mergeZips([a, b]), mergeZips([a, b]));
  });
});

describe('the probe of conditional PUTs', () => {
  const store = (putIfAbsent: (keys: Set<string>, key: string) => boolean): Store => {
    const keys = new Set<string>();
    return {
      putIfAbsent: async (key: string) => putIfAbsent(keys, key),
      delete: async (key: string) => void keys.delete(key),
    } as unknown as Store;
  };
  it('distinguishes stores with atomic, ignored and racing conditional PUTs', async () => {
    const decides = (keys: Set<string>, key: string) => !keys.has(key) && !!keys.add(key);
    assert.equal(await probeConditionalPut(store(decides)), 'atomic');
    assert.equal(await probeConditionalPut(store(() => true)), 'ignored');
    const races = (keys: Set<string>, key: string) => key.endsWith('race') || decides(keys, key);
    assert.equal(await probeConditionalPut(store(races)), 'racing');
  });
});
