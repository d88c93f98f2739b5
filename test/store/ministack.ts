import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { StoreSettings } from '../../src/model/records.ts';

/** An S3 for one test file, with a bucket of its own. */
export interface Ministack {
  settings: StoreSettings;
  close(): Promise<void>;
}

/** Python that has MiniStack: `NUVOPIPE_TEST_S3_PYTHON`. */
export const s3Python = process.env.NUVOPIPE_TEST_S3_PYTHON;

/** Python that has Metaflow, obstore and boto3: `NUVOPIPE_TEST_PYTHON`. */
export const metaflowPython = process.env.NUVOPIPE_TEST_PYTHON;

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export async function startMinistack(): Promise<Ministack> {
  if (s3Python === undefined) throw new Error('NUVOPIPE_TEST_S3_PYTHON names no Python that has MiniStack');
  const port = await freePort();
  const home = await mkdtemp(join(tmpdir(), 'nuvopipe-s3-'));
  const server = spawn(s3Python, ['-m', 'ministack'], {
    cwd: home,
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      HOME: home,
      TMPDIR: home,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      SERVICES: 's3',
      DOCKER_HOST: `unix://${home}/none`,
    },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const settings = {
    bucket: 'flows',
    prefix: 'metaflow',
    endpoint,
    region: 'us-east-1',
    accessKeyId: 'test-key',
    secretAccessKey: 'test-secret-value',
  };
  const close = async () => {
    await end(server);
    await rm(home, { recursive: true, force: true });
  };
  try {
    for (;;) {
      if (server.exitCode !== null) throw new Error(`MiniStack ended with ${server.exitCode}`);
      const made = await fetch(`${endpoint}/${settings.bucket}`, { method: 'PUT' }).catch(() => undefined);
      if (made?.ok === true) break;
      await pause(50);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { settings, close };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
