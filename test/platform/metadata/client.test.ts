import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PYTHON_DIR } from '../../../src/base/package-files.ts';
import { keys, prefixes } from '../../../src/contract/layout.generated.ts';
import { type MetadataService, startMetadataService } from '../../../src/platform/metadata/service.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { startTestStore, type TestStore } from '../s3/s3.ts';
import { makeControlRuns, makeRuns, runPython } from './real-runs.ts';

const decode = (body: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(body));

describe("Metaflow's client over the records of a datastore", () => {
  let s3: TestStore;
  let store: Store;
  let service: MetadataService;
  let env: Record<string, string>;

  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    s3 = await startTestStore();
    store = s3.store;
    service = await startMetadataService({ store });
    const { settings, root } = store;
    env = {
      USER: 'ada',
      METAFLOW_DEFAULT_METADATA: 'nuvopipe',
      METAFLOW_SERVICE_URL: service.url,
      METAFLOW_DEFAULT_DATASTORE: 's3',
      METAFLOW_DATASTORE_SYSROOT_S3: root,
      METAFLOW_S3_ENDPOINT_URL: settings.endpoint ?? '',
      AWS_ACCESS_KEY_ID: settings.accessKeyId,
      AWS_SECRET_ACCESS_KEY: settings.secretAccessKey,
      AWS_DEFAULT_REGION: settings.region,
    };
    await makeRuns(settings, [
      { run: 'good', params: {} },
      { run: 'bad', params: { fail: true, prefix: 'A' } },
      // The session is lost after the foreach's second item.
      { run: 'open', params: {}, components: 3 },
    ]);
    await makeControlRuns(settings, [{ run: 'controlled', params: {} }]);
  });
  after(async () => {
    await service?.close();
    await s3?.close();
  });

  const python = async <T>(name: string) => runPython<T>([join(import.meta.dirname, name), PYTHON_DIR], env);

  it('gives the same answers as the metadata service', async function () {
    this.timeout(180_000);
    const folder = prefixes.tasks({ flow: 'SampleFlow', run: 'open' }).slice(0, -1);
    const record = decode((await store.get(`${folder}/start/t/commit`))?.body);
    const put = (key: string, value: unknown) => store.put(`${folder}/${key}`, JSON.stringify(value));
    await put('lost/t/commit', { ...record, step: 'lost', ok: false, objects: {}, info: {}, metadata: [] });
    await put('again/t/failed-0', { ...record, step: 'again', ok: false, objects: { x: 'sha0' } });
    await put('again/t/commit', { ...record, step: 'again', attempt: 1, objects: { x: 'sha1' } });
    const datum = { type: 'origin', tags: [], ts_epoch: 1 };
    for (const run of ['good', 'deleted']) {
      const metadata = [
        { ...datum, field_name: 'origin-run-id', value: run },
        { ...datum, field_name: 'origin-task-id', value: 't' },
      ];
      await put(`${run}/t/commit`, { ...record, step: run, origin: `SampleFlow/${run}/start/t`, metadata });
    }
    await store.put(keys.layer({ layer: 'abc' }), 'not a flow');
    const { asked, different } = await python<{ asked: number; different: unknown[] }>('same_answers.py');
    assert.deepEqual(different, []);
    assert.ok(asked > 200, `only ${asked} questions`);
  });

  it('can be used in threads, in forks of a process that has used it, and in new interpreters', async function () {
    this.timeout(180_000);
    const out = await python<Record<string, unknown>>('client_in_processes.py');
    assert.deepEqual(out, {
      texts: [['The Näme!', 'The Ünïcode!', 'The Plain!'], 'The Ünïcode!', 'The Ünïcode!\n'],
      threads: true,
      forks: true,
      interpreter: true,
      tags: Array.from({ length: 8 }, (_, n) => `tag-${n}`),
    });
  });
});
