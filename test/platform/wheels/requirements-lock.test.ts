import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserError } from '../../../src/base/errors.ts';
import { REQUIREMENTS_LOCK } from '../../../src/base/package-files.ts';
import { silentReport } from '../../../src/base/terminal/progress.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { type Lock, lockRequirements } from '../../../src/platform/wheels/requirements-lock.ts';
import { resolveWheels, STOCK_PYTHON, type WheelTarget } from '../../../src/platform/wheels/wheels.ts';
import { locatePython } from '../../../src/twin/host/python-env.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';

const REQUIREMENTS = ['Jinja2==3.1.4'];

/** As much of a datastore as a lock needs. */
function memoryStore(): { store: Store; objects: Map<string, Buffer> } {
  const objects = new Map<string, Buffer>();
  const store = {
    get: async (key: string) => objects.has(key) && { body: objects.get(key), etag: '' },
    putIfAbsent: async (key: string, body: Uint8Array) => !objects.has(key) && !!objects.set(key, Buffer.from(body)),
  };
  return { store: store as unknown as Store, objects };
}

describe('locked wheels', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let folder: string;
  let python: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-lock-'));
    python = (await locatePython()).path;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const lock = (store: Store, home: string, chosen = python, requirements = REQUIREMENTS): Promise<Lock> =>
    lockRequirements({
      ...{ requirements, store, home: join(folder, home), python: chosen },
      target: STOCK_PYTHON,
      report: silentReport,
    });

  it('list all dependencies with their hashes', async () => {
    const { wheels } = await lock(memoryStore().store, 'fresh');
    assert.deepEqual(
      wheels.map(({ name }) => name),
      ['Jinja2', 'MarkupSafe'].toSorted(),
    );
    for (const { version, sha256 } of wheels) assert.match(`${version} ${sha256}`, /^[\d.]+ [0-9a-f]{64}$/);
  });

  it('are resolved by the first deploy; later ones use its lock from the datastore or the home', async () => {
    const { store, objects } = memoryStore();
    const first = await lock(store, 'first');
    const [[key, body]] = [...objects] as [[string, Buffer]];
    // As if the index had other versions by now.
    const older = { ...first, wheels: first.wheels.map((wheel) => ({ ...wheel, version: '0.1' })) };
    objects.set(key, Buffer.from(JSON.stringify(older)));
    assert.deepEqual(await lock(store, 'first', 'no-python'), older);
    assert.deepEqual(await lock(store, 'another', 'no-python'), older);
    assert.deepEqual(await lock(memoryStore().store, 'first', 'no-python'), first);
    assert.equal(body.toString(), `${JSON.stringify(first, null, 2)}\n`);
  });

  it('are others for other requirements', async () => {
    const { store, objects } = memoryStore();
    await lock(store, 'others');
    await lock(store, 'others', python, [...REQUIREMENTS, 'MarkupSafe==2.1.5']);
    assert.equal(objects.size, 2);
  });

  describe('reports that there are none', () => {
    async function refusal(requirements: string[], target: WheelTarget = STOCK_PYTHON): Promise<UserError> {
      const args = { arguments: ['-c', REQUIREMENTS_LOCK], requirements };
      const options = { python, target, ...args, what: 'the packages', report: silentReport };
      return resolveWheels(options).then(
        () => assert.fail('there are'),
        (error: UserError) => error,
      );
    }

    it('of a package at all', async () => {
      const { code, message, hint } = await refusal(['nuvopipe-has-no-such-package==1']);
      assert.equal(code, 'python-packages');
      assert.ok(
        message.startsWith(
          'cannot get the packages: pip gets no wheel of nuvopipe-has-no-such-package==1 for Python 3.11 on Linux (x86-64)',
        ),
        message,
      );
      assert.match(hint ?? '', /check name, version and network; packages without wheels/);
    });

    it('of a version: only that one is named, and pip lists the available ones', async () => {
      const { message } = await refusal(['Jinja2==3.1.4', 'MarkupSafe==999'], '3.12');
      assert.match(message, /no wheel of MarkupSafe==999 for Python 3\.12 on Linux \(x86-64\): pip ended with 1\n/);
      assert.match(message, /\n {2}.*\b2\.1\.5\b/);
    });

    it('that go together: pip names the requirements that exclude each other', async () => {
      const { message, hint } = await refusal(['boto3==1.34.0']);
      assert.match(message, /the requirements exclude each other, or nuvopipe's own: pip ended with 1\n/);
      assert.match(message, /\n {2}.*boto3==1\.34\.0/);
      assert.equal(hint, 'pin versions that are compatible');
    });
  });
});
