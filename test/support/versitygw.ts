import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreSettings } from '../../src/contract/records.ts';
import { sdk } from '../../src/platform/s3/sdk.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { freePort } from './ports.ts';

/** The second S3 of the tests: a Go module, Apache-2.0. */
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';
const VERSION = 'v1.8.0';

const BUCKET = 'nuvopipe';
const START_TIMEOUT_MS = 20_000;

export interface VersityGateway {
  store: StoreSettings;
  close(): Promise<void>;
}

/** Its program, which `go install` makes once a machine (minutes); else why there is none. */
export function versitygw(): { program: string } | { reason: string } {
  const folder = join(tmpdir(), `nuvopipe-test-go-${process.getuid?.() ?? 0}`);
  const program = join(folder, `versitygw-${VERSION}`);
  if (existsSync(program)) return { program };
  if (spawnSync('go', ['version']).status !== 0) return { reason: 'there is no Go on this machine' };
  const draft = join(folder, `draft-${process.pid}`);
  console.log(`    go install ${MODULE}@${VERSION}: once a machine, minutes`);
  const env = { ...process.env, GOBIN: draft };
  const made = spawnSync('go', ['install', `${MODULE}@${VERSION}`], { env, cwd: tmpdir(), encoding: 'utf8' });
  if (made.status !== 0) return { reason: `go install failed: ${made.stderr.trim().split('\n').at(-1)}` };
  renameSync(join(draft, 'versitygw'), program);
  rmSync(draft, { recursive: true });
  return { program };
}

/** On loopback, its objects as files of `folder`. */
export async function startVersityGateway(program: string, folder: string): Promise<VersityGateway> {
  const port = await freePort();
  await mkdir(folder, { recursive: true });
  const store: StoreSettings = {
    bucket: BUCKET,
    prefix: 'metaflow',
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    accessKeyId: 'NUVOPIPEGATEWAY',
    secretAccessKey: 'the-secret-of-a-gateway',
  };
  const child = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', folder], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH, ROOT_ACCESS_KEY: store.accessKeyId, ROOT_SECRET_KEY: store.secretAccessKey },
  });
  const ended = once(child, 'exit');
  const { S3Client, CreateBucketCommand } = await sdk();
  const client = new S3Client({
    endpoint: store.endpoint as string,
    forcePathStyle: true,
    region: store.region,
    credentials: { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey },
    maxAttempts: 1,
  });
  const create = async () => {
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    return true;
  };
  const made = await poll(() => create().catch(() => false), START_TIMEOUT_MS);
  client.destroy();
  const close = async () => {
    child.kill();
    await ended;
  };
  if (!made) {
    await close();
    throw new Error('versitygw does not answer');
  }
  return { store, close };
}
