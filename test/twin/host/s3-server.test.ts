import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openStore } from '../../../src/platform/s3/store.ts';
import { poll } from '../../../src/twin/host/poll.ts';
import { isAlive } from '../../../src/twin/host/process-identity.ts';
import { type S3Server, startS3Server } from '../../../src/twin/host/s3-server.ts';
import { FIRST_USE_TIMEOUT_MS, testPython } from '../../support/home.ts';

const keys = { accessKeyId: 'NUVOPIPE0123456789AB', secretAccessKey: 'a-secret' };
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

describe('the S3 server', () => {
  let python: string;
  let folder: string;
  const servers: S3Server[] = [];
  const start = async (port = 0) => {
    const server = await startS3Server({
      python,
      dataFolder: join(folder, 's3'),
      logFile: join(folder, 'log'),
      port,
      ...keys,
    });
    servers.push(server);
    return server;
  };

  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    python = (await testPython()).s3;
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-s3-'));
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await rm(folder, { recursive: true });
  });

  it('keeps objects and their ETags over a restart, on the port it had', async () => {
    const first = await start();
    const store = await openStore(first.store);
    assert.equal(await store.putIfAbsent('a/b', 'one'), true);
    await store.put('a/ü', new Uint8Array(2_000_000).fill(7));
    const before = await store.get('a/b');
    store.close();
    await first.close();
    assert.equal(await isAlive(first.process), false);

    const second = await start(first.port);
    assert.deepEqual(second.store, first.store);
    const again = await openStore(second.store);
    const after = await again.get('a/b');
    assert.equal(text(after?.body), 'one');
    assert.equal(after?.etag, before?.etag);
    assert.equal((await again.get('a/ü'))?.body.length, 2_000_000);
    assert.equal(await again.putIfAbsent('a/b', 'two'), false);
    assert.equal(await again.putIfUnchanged('a/b', 'two', before?.etag ?? ''), true);
    again.close();
  });

  it('refuses an access key that is not its own', async () => {
    const { store: settings } = await start();
    const store = await openStore({ ...settings, accessKeyId: 'SOMEBODYELSES0123456' });
    await assert.rejects(store.get('a'), { code: 'store-refused' });
    store.close();
  });

  it('reports that its port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    try {
      await assert.rejects(start(port), { name: 'UserError', code: 'port-taken', message: new RegExp(String(port)) });
    } finally {
      other.close();
    }
  });

  it('listens on loopback only', async () => {
    const { port } = await start();
    const elsewhere = await fetch(`http://127.0.0.2:${port}/`).then(
      () => true,
      () => false,
    );
    assert.equal(elsewhere, false);
  });

  it('ends with the process that started it, however that one ends', async () => {
    const options = { python, dataFolder: join(folder, 's3'), logFile: join(folder, 'log'), port: 0, ...keys };
    const script = `
      import { startS3Server } from '${new URL('../../../src/twin/host/s3-server.ts', import.meta.url).href}';
      console.log(JSON.stringify((await startS3Server(${JSON.stringify(options)})).process));`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(parent.stdout), 'line');
    const server = JSON.parse(line);
    assert.equal(await isAlive(server), true);
    parent.kill('SIGKILL');
    assert.ok(await poll(async () => !(await isAlive(server)), 10_000));
  });
});
