import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../base/errors.ts';

/** How to reach an OpenWhisk. */
export interface WhiskSettings {
  /** With scheme, without trailing slash: `https://host:443`. */
  apihost: string;
  /** `uuid:key`. */
  auth: string;
  /** `_` is the key's own. */
  namespace: string;
  /** Certificates are not verified. */
  insecure?: boolean;
  /** Certificates of authorities that are trusted besides those of the system, as PEM. */
  ca?: string;
}

/** Which certificates of OpenWhisk are accepted. A deploy records it, and conductors and the sweeper follow it. */
export type Trust = Pick<WhiskSettings, 'insecure' | 'ca'>;

/** Empty if only the system's authorities are trusted. */
export function trustOf({ insecure, ca }: WhiskSettings): Trust {
  if (insecure) return { insecure };
  return ca === undefined ? {} : { ca };
}

export interface WhiskOptions {
  apihost?: string | undefined;
  auth?: string | undefined;
  namespace?: string | undefined;
  insecure?: boolean | undefined;
  /** A file of certificates, as PEM. */
  cafile?: string | undefined;
}

/** The key's own namespace, as all OpenWhisk clients write it. */
export const OWN_NAMESPACE = '_';

/**
 * Determines the OpenWhisk host and key: flags, then the environment of OpenWhisk actions (`__OW_API_HOST`,
 * `__OW_API_KEY`, `__OW_NAMESPACE`, `__OW_IGNORE_CERTS`), then the file written by `wsk property set`.
 * @throws UserError if host or key is missing or malformed.
 */
export async function whiskSettings(options: WhiskOptions = {}, env = process.env): Promise<WhiskSettings> {
  const { path, props } = await wskProperties(env);
  const apihost = options.apihost || env.__OW_API_HOST || props.get('APIHOST');
  const auth = options.auth || env.__OW_API_KEY || props.get('AUTH');
  if (!apihost || !auth) {
    throw new UserError(
      apihost ? 'no-whisk-key' : 'no-whisk-host',
      `no OpenWhisk ${apihost ? 'key' : 'host'} was given: no flag, no ${apihost ? '__OW_API_KEY' : '__OW_API_HOST'}, and none in ${path}`,
      'set it with --apihost and --auth or `wsk property set`; or use --local for the local platform',
    );
  }
  if (!/^[^\s:]+:[^\s:]+$/.test(auth)) {
    throw new UserError('bad-whisk-key', 'invalid OpenWhisk key', 'a key has two parts: uuid:key');
  }
  return {
    apihost: normalizeHost(apihost),
    auth,
    namespace: options.namespace || env.__OW_NAMESPACE || props.get('NAMESPACE') || OWN_NAMESPACE,
    insecure: options.insecure ?? (isTrue(env.__OW_IGNORE_CERTS) || isTrue(props.get('INSECURE_SSL'))),
    ...(await authorities(options.cafile || env.NODE_EXTRA_CA_CERTS)),
  };
}

/** Like wsk: the default scheme is https. */
export function normalizeHost(apihost: string): string {
  const url = /^https?:\/\//.test(apihost) ? apihost : `https://${apihost}`;
  if (!URL.canParse(url) || new URL(url).username !== '') {
    throw new UserError(
      'bad-whisk-host',
      `invalid API host "${apihost}"`,
      'write a host or URL such as https://host:443',
    );
  }
  return url.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
}

/** `$WSK_CONFIG_FILE`, else `~/.wskprops`: lines `KEY=VALUE`. A missing file counts as empty. */
async function wskProperties(env: NodeJS.ProcessEnv): Promise<{ path: string; props: Map<string, string> }> {
  const path = env.WSK_CONFIG_FILE || join(env.HOME || homedir(), '.wskprops');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { path, props: new Map() };
    throw new UserError('wskprops-unreadable', `${path} cannot be read`, 'check the file and its permissions', {
      cause,
    });
  }
  const props = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\s*([A-Za-z_]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) props.set(match[1].toUpperCase(), match[2]);
  }
  return { path, props };
}

async function authorities(path: string | undefined): Promise<{ ca?: string }> {
  if (!path) return {};
  let ca: string;
  try {
    ca = await readFile(path, 'utf8');
  } catch (cause) {
    throw new UserError('cafile-unreadable', `${path} cannot be read`, 'name a file of certificates in PEM', { cause });
  }
  try {
    new X509Certificate(ca);
  } catch (cause) {
    throw new UserError('cafile-invalid', `${path} contains no certificate`, 'name a file of certificates in PEM', {
      cause,
    });
  }
  return { ca };
}

function isTrue(text: string | undefined): boolean {
  return /^(true|1|yes)$/i.test(text ?? '');
}
