/** Rules for servers that only serve this machine: address, timeouts and rejected requests. */
import type { IncomingMessage, ServerOptions } from 'node:http';

export const LOOPBACK = '127.0.0.1';

/** Clients that never finish a request are disconnected: Node answers 408. The answer can take any time. */
export const SERVER_TIMEOUTS = {
  headersTimeout: 10_000,
  /** Includes the body: 48 MB of code on a busy machine. */
  requestTimeout: 120_000,
  connectionsCheckingInterval: 2_000,
} satisfies ServerOptions;

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i;
const LOOPBACK_ORIGIN = /^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i;

/**
 * Whether a request comes from a local client or from a page that this machine serves. Pages from elsewhere can also
 * reach loopback through a local browser, but they send their Origin or, with DNS rebinding, their own name as Host.
 * Other clients send no Origin.
 */
export function isOfThisMachine({ headersDistinct }: Pick<IncomingMessage, 'headersDistinct'>): boolean {
  const { host = [], origin = [] } = headersDistinct;
  return host.length === 1 && LOOPBACK_HOST.test(host[0] ?? '') && origin.every((each) => LOOPBACK_ORIGIN.test(each));
}

export const NOT_OF_THIS_MACHINE =
  'This server only accepts clients on its own machine: Host or Origin names another machine.';

/** The URL of a request's target; undefined if the target is not a path. */
export function urlOf({ url = '' }: Pick<IncomingMessage, 'url'>): URL | undefined {
  return url.startsWith('/') ? new URL(`http://${LOOPBACK}${url}`) : undefined;
}

/** The body; undefined, and not kept, if it is longer. @throws if the connection breaks off */
export async function readRequestBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = Number(incoming.headers['content-length'] ?? 0);
  if (bytes <= maxBytes) {
    bytes = 0;
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  }
  if (bytes <= maxBytes) return Buffer.concat(chunks);
  // Most clients read the answer only after they have sent the whole body.
  incoming.resume();
  return undefined;
}
