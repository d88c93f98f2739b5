import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { UserError } from '../../../src/base/errors.ts';
import { openStore, type Store } from '../../../src/platform/s3/store.ts';
import { parseDatastore, storeSettings } from '../../../src/platform/s3/store-settings.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { freePort } from '../../support/ports.ts';
import { startTestGateway, startTestStore, type TestStore } from './s3.ts';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const text = (object: { body: Uint8Array } | undefined) => object && new TextDecoder().decode(object.body);

const SETTINGS = {
  bucket: 'flows',
  prefix: 'runs',
  region: 'us-east-1',
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI',
};

describe('store settings', () => {
  it('reads bucket and prefix from the URL', () => {
    assert.deepEqual(parseDatastore('s3://data/metaflow/x/'), { bucket: 'data', prefix: 'metaflow/x' });
    assert.deepEqual(parseDatastore('s3://data'), { bucket: 'data', prefix: '' });
  });

  for (const bad of ['data/metaflow', 'http://data', 's3://', 's3://Upper/x', '']) {
    it(`refuses "${bad}"`, () => {
      assert.throws(() => parseDatastore(bad), UserError);
    });
  }

  it('reads keys and endpoint from the environment like other AWS clients', async () => {
    const before = { ...process.env };
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'hush', AWS_REGION: 'eu-west-1' });
    try {
      assert.deepEqual(
        await storeSettings({ datastore: 's3://data/x' }, { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9000/' }),
        {
          bucket: 'data',
          prefix: 'x',
          endpoint: 'http://127.0.0.1:9000',
          region: 'eu-west-1',
          accessKeyId: 'AKID',
          secretAccessKey: 'hush',
        },
      );
    } finally {
      for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });
});

describe('store errors', () => {
  const refusals: [string, number, string, string][] = [
    ['a wrong key', 403, 'InvalidAccessKeyId', 'store-refused'],
    ['a wrong secret', 403, 'SignatureDoesNotMatch', 'store-refused'],
    ['no permission', 403, 'AccessDenied', 'store-refused'],
    ['no such bucket', 404, 'NoSuchBucket', 'no-such-bucket'],
  ];
  for (const [what, status, s3Code, code] of refusals) {
    it(`reports ${what} without the secret`, async () => {
      const server = createServer((_, response) => {
        response.writeHead(status, { 'content-type': 'application/xml' });
        response.end(`<?xml version="1.0"?><Error><Code>${s3Code}</Code><Message>no</Message></Error>`);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const store = await openStore({ ...SETTINGS, endpoint: `http://127.0.0.1:${port}` });
      try {
        for (const work of [() => store.get('a'), () => store.put('a', 'b'), () => store.putIfAbsent('a', 'b')]) {
          await assert.rejects(work, (error: UserError) => {
            assert.ok(error instanceof UserError);
            assert.equal(error.code, code);
            assert.doesNotMatch(`${error.message} ${error.hint}`, /wJalrXUtnFEMI|AKIDEXAMPLE/);
            return true;
          });
        }
      } finally {
        store.close();
        server.closeAllConnections();
        server.close();
      }
    });
  }

  it('deletes objects one by one if the server cannot delete batches, and reports failures', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.method === 'DELETE') response.writeHead(request.url?.includes('stays') ? 403 : 204).end();
      else response.writeHead(501).end('<?xml version="1.0"?><Error><Code>NotImplemented</Code></Error>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const store = await openStore({ ...SETTINGS, endpoint: `http://127.0.0.1:${port}` });
    try {
      await store.deleteAll(['a', 'b']);
      assert.deepEqual(asked.filter((line) => line.startsWith('DELETE')).length, 2);
      const batches = asked.filter((line) => line.startsWith('POST')).length;
      await assert.rejects(store.deleteAll(['c', 'stays']), { code: 'store-refused' });
      assert.equal(asked.filter((line) => line.startsWith('POST')).length, batches, 'asked once');
    } finally {
      store.close();
      server.closeAllConnections();
      server.close();
    }
  });

  it('reports an unreachable host', async () => {
    const store = await openStore({ ...SETTINGS, endpoint: `http://127.0.0.1:${await freePort()}` });
    await assert.rejects(store.get('a'), { name: 'UserError', code: 'store-unreachable' });
    store.close();
  });
});

const SERVERS = { MiniStack: startTestStore, versitygw: startTestGateway };

for (const [server, start] of Object.entries(SERVERS))
  describe(`store on ${server}`, () => {
    let s3: TestStore | undefined;
    let store: Store;
    before(async function () {
      this.timeout(FIRST_USE_TIMEOUT_MS);
      const started = await start();
      if ('reason' in started) {
        console.log(`    not run: ${started.reason}`);
        this.skip();
      }
      s3 = started;
      store = started.store;
    });
    after(() => s3?.close());

    it('reads what it wrote, and nothing where nothing is', async () => {
      await store.put('a/ünïcode.json', '{"x":1}');
      assert.equal(text(await store.get('a/ünïcode.json')), '{"x":1}');
      assert.equal(await store.get('a/none'), undefined);
      assert.equal(await store.exists('a/ünïcode.json'), true);
      assert.equal(await store.exists('a/none'), false);
      await store.delete('a/ünïcode.json');
      assert.equal(await store.exists('a/ünïcode.json'), false);
    });

    it('lets one of many claims win', async () => {
      const won = await Promise.all(Array.from({ length: 10 }, (_, i) => store.putIfAbsent('claim', String(i))));
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal(text(await store.get('claim')), String(won.indexOf(true)));
    });

    it('replaces only unchanged objects', async () => {
      await store.put('swap', 'one');
      const etag = (await store.get('swap'))?.etag ?? '';
      assert.equal(await store.putIfUnchanged('swap', 'two', etag), true);
      assert.equal(await store.putIfUnchanged('swap', 'three', etag), false);
      assert.equal(await store.putIfUnchanged('absent', 'x', etag), false);
      assert.equal(text(await store.get('swap')), 'two');
    });

    it('lists more than a page, and folders', async () => {
      const names = Array.from({ length: 1005 }, (_, i) => `many/${String(i).padStart(4, '0')}/x`);
      for (let i = 0; i < names.length; i += 50) {
        await Promise.all(names.slice(i, i + 50).map((name) => store.put(name, 'x')));
      }
      const listed = await all(store.list('many/'));
      assert.deepEqual(
        listed.map(({ key }) => key),
        names,
      );
      assert.equal(listed[0]?.size, 1);
      const folders = await all(store.folders('many/'));
      assert.deepEqual([folders.length, folders[0], folders[1004]], [1005, '0000', '1004']);
    });

    it('deletes more objects than fit into a request, and ignores missing ones', async () => {
      const names = (await all(store.list('many/'))).map(({ key }) => key);
      assert.equal(names.length, 1005);
      await store.deleteAll([...names, 'many/never-there']);
      assert.deepEqual(await all(store.list('many/')), []);
      await store.deleteAll([]);
    });
  });
