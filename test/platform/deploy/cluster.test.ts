import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentReport } from '../../../src/base/terminal/progress.ts';
import { bundleOf, compileFlow } from '../../../src/compiler/compile-flow.ts';
import { prefixes } from '../../../src/contract/layout.generated.ts';
import type { Profile } from '../../../src/contract/plan.ts';
import { type BundleDeployOptions, deployBundle } from '../../../src/platform/deploy/deploy-bundle.ts';
import { openWhisk, type Whisk } from '../../../src/platform/openwhisk/client.ts';
import { locatePython } from '../../../src/twin/host/python-env.ts';
import { startWhisk, type WhiskTwin as WhiskServer } from '../../../src/twin/openwhisk/server.ts';
import { FIRST_USE_TIMEOUT_MS, testPython } from '../../support/home.ts';
import { startTestStore, type TestStore } from '../s3/s3.ts';

const AUTH = '789c46b1-71f6-4ed5-8c54-816aa4f8c502:abczO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP';
const example = (name: string) => fileURLToPath(new URL(`../../../examples/${name}/flow.yaml`, import.meta.url));

/** An OpenWhisk whose Python is as bare as that of the stock images: all that a step needs has to come with the deploy. */
describe('deploy to a cluster', () => {
  let folder: string;
  let s3: TestStore;
  let server: WhiskServer;
  let whisk: Whisk;
  let options: Omit<BundleDeployOptions, 'bundle'>;
  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-cluster-'));
    s3 = await startTestStore();
    const { path } = await locatePython();
    server = await startWhisk({
      stateDir: folder,
      auth: AUTH,
      runtimes: { node: { executable: process.execPath }, python: { executable: path } },
    });
    whisk = openWhisk({ apihost: server.url, auth: AUTH, namespace: '_' });
    const { runtime: python } = await testPython();
    // Beside the environments that tests share: fetched once a machine.
    const home = dirname(dirname(dirname(dirname(python))));
    options = { whisk, store: s3.store, python, home, vendored: true, user: 'ada', report: silentReport };
  });
  after(async () => {
    whisk?.close();
    await server?.close();
    await s3?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const result = async (flow: string, params: Record<string, unknown> = {}) => {
    const { response } = await whisk.invoke(flow, params, { blocking: true });
    return response?.result as { run: string; status: string; outputs: Record<string, unknown> };
  };

  it('vendors Metaflow in the step actions, so that a stock Python can run them', async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    const bundle = bundleOf(await compileFlow(example('hello')));
    const first = await deployBundle({ ...options, bundle });
    assert.ok(first.entities.every(({ outcome }) => outcome === 'created'));
    assert.deepEqual(first.warnings, []);
    const { status, outputs } = await result('HelloFlow');
    assert.deepEqual([status, outputs], ['succeeded', { greeting: 'HELLO, WORLD!' }]);
    const second = await deployBundle({ ...options, bundle });
    assert.ok(second.entities.every(({ outcome }) => outcome === 'unchanged'));
  });

  it('runs a foreach on lanes', async () => {
    await deployBundle({ ...options, bundle: bundleOf(await compileFlow(example('titles'))) });
    const { status, outputs } = await result('TitlesFlow');
    assert.equal(status, 'succeeded');
    assert.equal((outputs.shouted as string[]).length, 9);
  });

  it('provides steps with the packages of the flow', async () => {
    const file = join(folder, 'packages.yaml');
    await writeFile(
      file,
      `flow: PackagesFlow
environment: { pip: [iniconfig==2.3.1] }
outputs: [answer]
steps:
  - step: only
    run: |
      import iniconfig
      self.answer = iniconfig.IniConfig("x", data="[a]\\nb = c")["a"]["b"]
`,
    );
    const bundle = bundleOf(await compileFlow(file));
    await deployBundle({ ...options, bundle });
    const { status, outputs } = await result('PackagesFlow');
    assert.deepEqual([status, outputs], ['succeeded', { answer: 'c' }]);
    const files: string[] = [];
    for await (const { key } of s3.store.list(prefixes.layers)) files.push(key.slice(key.indexOf('.')));
    assert.deepEqual(files.sort(), ['.lock.json', '.zip']);
  });

  it('names the package that is not available', async () => {
    const bundle = bundleOf(await compileFlow(example('hello')));
    const [[name, profile]] = Object.entries(bundle.plan.profiles) as [[string, Profile]];
    const profiles = { [name]: { ...profile, pip: ['nuvopipe-has-no-such-package==1'] } };
    const plan = { ...bundle.plan, profiles };
    await assert.rejects(deployBundle({ ...options, home: folder, bundle: { ...bundle, plan } }), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, 'python-packages');
      assert.match(error.message, /pip gets no wheel of nuvopipe-has-no-such-package==1 for Python 3\.11 on Linux/);
      return true;
    });
  });
});
