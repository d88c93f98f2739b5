/** Servers for the clients of this machine: where they listen, how long they wait, and whom they refuse. */
import type { IncomingMessage, ServerOptions } from 'node:http';

export const LOOPBACK = '127.0.0.1';

/** Who never says a whole request does not hold a connection: Node answers 408 and closes it. An answer may take any time. */
export const SERVER_TIMEOUTS = {
  headersTimeout: 10_000,
  /** With its body: 48 MB of code on a busy machine. */
  requestTimeout: 120_000,
  connectionsCheckingInterval: 2_000,
} satisfies ServerOptions;

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i;
const LOOPBACK_ORIGIN = /^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i;

/**
 * Whether a request is a local client's, or of a page that this machine serves. A page from elsewhere, shown by a browser here,
 * reaches loopback too: it says so in its Origin, or (DNS rebinding) has its own name in the Host. Other clients send no Origin.
 */
export function isOfThisMachine({ headersDistinct }: Pick<IncomingMessage, 'headersDistinct'>): boolean {
  const { host = [], origin = [] } = headersDistinct;
  return host.length === 1 && LOOPBACK_HOST.test(host[0] ?? '') && origin.every((each) => LOOPBACK_ORIGIN.test(each));
}

export const NOT_OF_THIS_MACHINE =
  'This server only accepts clients on its own machine: Host or Origin names another machine.';

/** The URL of a request's target. Undefined where it is no path: for a proxy, or for nothing at all. */
export function urlOf({ url = '' }: Pick<IncomingMessage, 'url'>): URL | undefined {
  return url.startsWith('/') ? new URL(`http://${LOOPBACK}${url}`) : undefined;
}

/** The body; undefined, and not kept, where it is longer. @throws when the connection breaks off */
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
  // Most clients look for an answer only when they have sent all.
  incoming.resume();
  return undefined;
}
