import type { Agent } from 'node:http';

/** Hosts on this machine, which never use a proxy. Go's HTTP client, and therefore `wsk`, does the same. */
const OWN_HOSTS = /^(localhost|127(\.\d+){3}|\[::1\])$/i;

/** A proxy and the agent that sends requests through it. */
export interface NamedProxy {
  /** Without user name and password: `http://proxy:3128`. */
  address: string;
  agent: Agent;
}

/**
 * The proxy for a URL, from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` in upper or lower case; undefined
 * if there is none.
 */
export async function proxyFor(url: string): Promise<NamedProxy | undefined> {
  const { protocol, hostname } = new URL(url);
  if (OWN_HOSTS.test(hostname) || !isNamed()) return undefined;
  // Loaded only if there is a proxy, which is rare.
  const { getProxyForUrl } = await import('proxy-from-env');
  const proxy = getProxyForUrl(url);
  if (proxy === '') return undefined;
  const options = { keepAlive: true };
  const agent =
    protocol === 'https:'
      ? new (await import('https-proxy-agent')).HttpsProxyAgent(proxy, options)
      : new (await import('http-proxy-agent')).HttpProxyAgent(proxy, options);
  return { address: new URL(proxy).origin, agent };
}

function isNamed(): boolean {
  return Object.keys(process.env).some((name) => /^(https?|all)_proxy$/i.test(name));
}
