/** What is used of the packages that talk to a proxy; `proxy-from-env` has no types of its own. */
declare module 'proxy-from-env' {
  /** URL of the proxy for an address, by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; empty where there is none. */
  export function getProxyForUrl(url: string): string;
}

declare module 'http-proxy-agent' {
  import type { Agent, AgentOptions } from 'node:http';

  /** For http addresses: asks the proxy for them. */
  export const HttpProxyAgent: new (proxy: string, options?: AgentOptions) => Agent;
}

declare module 'https-proxy-agent' {
  import type { Agent, AgentOptions } from 'node:http';

  /** For https addresses: has the proxy make a tunnel. */
  export const HttpsProxyAgent: new (proxy: string, options?: AgentOptions) => Agent;
}
