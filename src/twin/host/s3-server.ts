import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SystemError } from '../../base/errors.ts';
import { portTaken } from '../../base/listen.ts';
import { LOOPBACK } from '../../base/loopback.ts';
import { LAUNCHERS_DIR } from '../../base/package-files.ts';
import type { StoreSettings } from '../../contract/records.ts';
import { sdk } from '../../platform/s3/sdk.ts';
import { poll } from './poll.ts';
import { endProcess, type KnownProcess, processIdentity } from './process-identity.ts';

export interface S3ServerOptions {
  /** Interpreter of the environment with MiniStack. */
  python: string;
  /** Where objects are stored. */
  dataFolder: string;
  logFile: string;
  /** 0: any free port. */
  port: number;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface S3Server {
  port: number;
  store: StoreSettings;
  process: KnownProcess;
  /** Resolves when the server stops by itself. */
  ended: Promise<void>;
  close(): Promise<void>;
}

/** Bucket and prefix of the local platform's runs; the prefix is that of Metaflow's own deployments. */
const BUCKET = 'nuvopipe';
const PREFIX = 'metaflow';
/** MiniStack has one region, and SDKs require one. */
const REGION = 'us-east-1';

const SCRIPT = join(LAUNCHERS_DIR, 's3_server.py');
/** Exit code of the script: its port is in use. */
const EXIT_PORT_TAKEN = 3;
const START_TIMEOUT_MS = 30_000;
const BUCKET_TIMEOUT_MS = 5_000;
const STOP_GRACE_MS = 5_000;

/** Starts MiniStack on loopback, waits until it answers, and creates the bucket. */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  await mkdir(options.dataFolder, { recursive: true, mode: 0o700 });
  const log = await open(options.logFile, 'a', 0o600);
  const child = spawn(options.python, ['-I', SCRIPT, LOOPBACK, String(options.port)], {
    // The child ends when its standard input is closed, however this process ends.
    stdio: ['pipe', 'pipe', log.fd],
    env: environment(options),
  });
  const ended = once(child, 'exit').then(() => undefined);
  try {
    const port = await announcedPort(child, options);
    const known = { pid: child.pid as number, identity: (await processIdentity(child.pid as number)) ?? '' };
    const store: StoreSettings = {
      bucket: BUCKET,
      prefix: PREFIX,
      endpoint: `http://${LOOPBACK}:${port}`,
      region: REGION,
      accessKeyId: options.accessKeyId,
      secretAccessKey: options.secretAccessKey,
    };
    await makeBucket(store, options.logFile);
    return { port, store, process: known, ended, close: () => endProcess(known, STOP_GRACE_MS) };
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    throw error;
  } finally {
    await log.close();
  }
}

/** Only essential variables of the caller's environment: MiniStack reads many variables with common names. */
function environment(options: S3ServerOptions): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LANG } = process.env;
  return {
    ...Object.fromEntries(Object.entries({ PATH, HOME, TMPDIR, LANG }).filter(([, value]) => value !== undefined)),
    SERVICES: 's3',
    S3_PERSIST: '1',
    S3_DATA_DIR: options.dataFolder,
    // Rejects unknown access keys. (MiniStack does not check secrets.)
    AUTH: 'true',
    AWS_ACCESS_KEY_ID: options.accessKeyId,
    AWS_SECRET_ACCESS_KEY: options.secretAccessKey,
    MINISTACK_REGION: REGION,
    LOG_LEVEL: 'WARNING',
    SFTP_ENABLED: '0',
    IOT_MTLS_ENABLED: '0',
  };
}

/** The first line that the script prints. */
async function announcedPort(child: ReturnType<typeof spawn>, options: S3ServerOptions): Promise<number> {
  const lines = createInterface(child.stdout as NodeJS.ReadableStream);
  const failed = once(child, 'exit').then(([code]) => {
    throw code === EXIT_PORT_TAKEN ? portTaken('the S3 server', options.port) : notStarted(options.logFile);
  });
  const late = AbortSignal.timeout(START_TIMEOUT_MS);
  const announced = once(lines, 'line', { signal: late }).catch(() => {
    throw notStarted(options.logFile);
  });
  const [line] = (await Promise.race([announced, failed])) as [string];
  failed.catch(() => undefined);
  return Number(line);
}

async function makeBucket(store: StoreSettings, logFile: string): Promise<void> {
  const { S3Client, CreateBucketCommand } = await sdk();
  const client = new S3Client({
    endpoint: store.endpoint as string,
    forcePathStyle: true,
    region: store.region,
    credentials: { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey },
    maxAttempts: 1,
  });
  let reason: unknown;
  const made = await poll(async () => {
    try {
      const abortSignal = AbortSignal.timeout(BUCKET_TIMEOUT_MS);
      await client.send(new CreateBucketCommand({ Bucket: store.bucket }), { abortSignal });
      return true;
    } catch (error) {
      if ((error as Error).name === 'BucketAlreadyOwnedByYou') return true;
      reason = error;
      return false;
    }
  }, START_TIMEOUT_MS);
  client.destroy();
  if (!made) throw notStarted(logFile, reason);
}

function notStarted(logFile: string, cause?: unknown): SystemError {
  return new SystemError('s3-server', 'the local S3 server did not start', `see ${logFile}`, { cause });
}
