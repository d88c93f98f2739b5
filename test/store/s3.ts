import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startS3Server } from '../../src/local/s3-server.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { testPython } from '../support/home.ts';

/** An S3 of its own for one test file, and its bucket. */
export interface TestStore {
  store: Store;
  close(): Promise<void>;
}

/** Call it in a `before` hook with `FIRST_USE_TIMEOUT_MS`. */
export async function startTestStore(): Promise<TestStore> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-s3-'));
  const server = await startS3Server({
    python: (await testPython()).s3,
    dataFolder: join(folder, 'data'),
    logFile: join(folder, 'log'),
    port: 0,
    accessKeyId: 'NUVOPIPETEST',
    secretAccessKey: 'test-secret-value',
  });
  const store = await openStore(server.store);
  return {
    store,
    async close() {
      store.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port at which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
