import type { Agent } from 'node:http';

/** This machine's own servers; no proxy reaches them. As Go's HTTP client has it, and `wsk` with it. */
const OWN_HOSTS = /^(localhost|127(\.\d+){3}|\[::1\])$/i;

/** A proxy, and the agent by which requests go through it. */
export interface NamedProxy {
  /** Without the user's name and password: `http://proxy:3128`. */
  address: string;
  agent: Agent;
}

/** The proxy for an address, by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case; undefined without one. */
export async function proxyFor(url: string): Promise<NamedProxy | undefined> {
  const { protocol, hostname } = new URL(url);
  if (OWN_HOSTS.test(hostname) || !isNamed()) return undefined;
  // Loaded only where there is a proxy: few users have one.
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
