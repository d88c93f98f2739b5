import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '../../../src/platform/s3/store.ts';
import { startS3Server } from '../../../src/twin/host/s3-server.ts';
import { testPython } from '../../support/home.ts';
import { startVersityGateway, versitygw } from '../../support/versitygw.ts';

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

/** The same on versitygw; or why it cannot be. */
export async function startTestGateway(): Promise<TestStore | { reason: string }> {
  const found = versitygw();
  if ('reason' in found) return found;
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-versitygw-'));
  const gateway = await startVersityGateway(found.program, folder);
  const store = await openStore(gateway.store);
  return {
    store,
    async close() {
      store.close();
      await gateway.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
