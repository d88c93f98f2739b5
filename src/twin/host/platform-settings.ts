import { randomBytes, randomUUID } from 'node:crypto';
import type { NamespaceLimits } from '../openwhisk/namespace-limits.ts';
import { type HomePaths, readJson, writePrivateJson } from './platform-state.ts';

/**
 * Settings that stay the same across starts of a local platform: deployed actions contain the store's address and
 * keys, and clients those of OpenWhisk. Stored in `<home>/settings.json`.
 */
export interface LocalSettings {
  version: 1;
  /** OpenWhisk's `uuid:key`. */
  auth: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** The ports used last; 0: none yet. */
  ports: LocalPorts;
  /** OpenWhisk's limits, to match a particular cluster instead of the defaults. */
  limits?: Partial<NamespaceLimits>;
}

export interface LocalPorts {
  whisk: number;
  s3: number;
  metadata: number;
}

/** As long as the keys of OpenWhisk and AWS. */
const WHISK_KEY_CHARACTERS = 64;
const ACCESS_KEY_BYTES = 6;
const SECRET_BYTES = 30;

export async function localSettings(paths: HomePaths): Promise<LocalSettings> {
  const kept = await readJson<LocalSettings>(paths.settings);
  if (kept?.version === 1) return kept;
  const made: LocalSettings = {
    version: 1,
    auth: `${randomUUID()}:${randomBytes(WHISK_KEY_CHARACTERS / 2).toString('hex')}`,
    accessKeyId: `NUVOPIPE${randomBytes(ACCESS_KEY_BYTES).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(SECRET_BYTES).toString('base64url'),
    ports: { whisk: 0, s3: 0, metadata: 0 },
  };
  await writePrivateJson(paths.settings, made);
  return made;
}
