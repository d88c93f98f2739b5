import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeFileAtomically } from '../../base/atomic-file.ts';
import type { StoreSettings } from '../../contract/records.ts';
import type { WhiskSettings } from '../../platform/openwhisk/whisk-settings.ts';
import { isAlive, type KnownProcess } from './process-identity.ts';

/**
 * A running local platform, with everything a client needs. Stored in `<home>/platform.json`, readable only by its
 * owner because it contains keys; never print it as a whole.
 */
export interface Platform {
  version: 1;
  /** Version of nuvopipe that started it. */
  nuvopipe: string;
  /** The daemon. */
  pid: number;
  /** Distinguishes the daemon from a later process with the same pid. */
  identity: string;
  /** Epoch milliseconds. */
  started: number;
  whisk: WhiskSettings;
  store: StoreSettings;
  /** The S3 server's process, to be stopped if the daemon died without doing so. */
  s3: KnownProcess;
  /** For `METAFLOW_SERVICE_URL`. */
  metadataUrl: string;
  /** Interpreter of the runtime's environment. */
  python: string;
}

/** Paths under a home. */
export interface HomePaths {
  home: string;
  /** {@link Platform} of the running platform. */
  platform: string;
  /** Generated keys and the ports used last, which outlive the platform. */
  settings: string;
  lock: string;
  log: string;
  s3Log: string;
  wskprops: string;
  whisk: string;
  s3: string;
  python: string;
  layers: string;
}

/** `--home`, else `$NUVOPIPE_HOME`, else `~/.nuvopipe`. */
export function homePaths(home: string | undefined, env: NodeJS.ProcessEnv = process.env): HomePaths {
  const root = resolve(home ?? (env.NUVOPIPE_HOME || join(homedir(), '.nuvopipe')));
  const at = (name: string) => join(root, name);
  return {
    home: root,
    platform: at('platform.json'),
    settings: at('settings.json'),
    lock: at('lock'),
    log: at('daemon.log'),
    s3Log: at('s3.log'),
    wskprops: at('wskprops'),
    whisk: at('whisk'),
    s3: at('s3'),
    python: at('python'),
    layers: at('layers'),
  };
}

/**
 * The running platform of this home: its daemon is alive, is the process that wrote the file, and its OpenWhisk
 * accepts its key. Undefined otherwise, whatever the file contains.
 */
export async function readPlatform(home: string | undefined): Promise<Platform | undefined> {
  const platform = await recordedPlatform(homePaths(home));
  if (platform === undefined || !(await isAlive(platform))) return undefined;
  return (await answers(platform.whisk)) ? platform : undefined;
}

/** The contents of the file, which might be outdated. */
export async function recordedPlatform(paths: HomePaths): Promise<(Platform & KnownProcess) | undefined> {
  const platform = await readJson<Platform>(paths.platform);
  return platform?.version === 1 ? platform : undefined;
}

/** On loopback, an answer that takes longer does not come at all. */
const ANSWER_TIMEOUT_MS = 3_000;

/** Requests the key's namespaces, like `wsk namespace list`: only the server with this key accepts it. */
async function answers(whisk: WhiskSettings): Promise<boolean> {
  try {
    const response = await fetch(`${whisk.apihost}/api/v1/namespaces`, {
      headers: { authorization: `Basic ${Buffer.from(whisk.auth).toString('base64')}` },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Undefined if the file is missing or was truncated by a crash. */
export async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written atomically, readable only by its owner. */
export function writePrivateJson(file: string, value: unknown): void {
  writeFileAtomically(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** The home is private. */
export async function makeHome(paths: HomePaths): Promise<void> {
  await mkdir(paths.home, { recursive: true, mode: 0o700 });
}
