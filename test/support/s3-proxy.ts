import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { StoreSettings } from '../../src/contract/records.ts';

export interface S3Request {
  method: string;
  /** Bucket and key, and the query. */
  path: string;
  /** It has `If-None-Match` or `If-Match`. */
  isConditional: boolean;
}

/** One of them. */
export interface S3Fault {
  /** An error; the request has been carried out all the same where it `isDone`. */
  status?: 500 | 503;
  isDone?: boolean;
  /** The connection is reset: before anything was done, after it, or in the middle of the answer's body. */
  reset?: 'before' | 'after' | 'body';
  /** Of a conditional PUT: the server looks first, and writes so long after. */
  raceMs?: number;
}

export interface S3Proxy {
  /** The settings of the server behind, with this proxy's address. */
  store: StoreSettings;
  /** Asked at each request; a test may change it. */
  fault(request: S3Request): S3Fault | undefined;
  /** How many requests there were, and how many had a fault. */
  counts: { requests: number; faults: number };
  close(): Promise<void>;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const UNAVAILABLE =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';

/** An S3 that fails as it is told, in front of one that does not. */
export async function startS3Proxy(store: StoreSettings): Promise<S3Proxy> {
  const target = new URL(store.endpoint as string);
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const proxy: S3Proxy = {
    store: { ...store, endpoint: `http://127.0.0.1:${port}` },
    fault: () => undefined,
    counts: { requests: 0, faults: 0 },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = 'GET', url = '/', headers } = incoming;
    const isConditional = 'if-none-match' in headers || 'if-match' in headers;
    proxy.counts.requests += 1;
    const fault = proxy.fault({ method, path: url, isConditional });
    if (fault !== undefined) proxy.counts.faults += 1;
    const { status, isDone, reset, raceMs } = fault ?? {};
    if (reset === 'before') return void response.destroy();
    if (status !== undefined && !isDone) return void response.writeHead(status).end(UNAVAILABLE);
    const passOn = (withMethod: string, withHeaders: IncomingHttpHeaders, body: Buffer) =>
      forward(target, agent, withMethod, url, withHeaders, body);
    const answer =
      raceMs !== undefined && method === 'PUT' && isConditional
        ? await race(passOn, headers, Buffer.concat(chunks), raceMs)
        : await passOn(method, headers, Buffer.concat(chunks));
    if (reset === 'after') return void response.destroy();
    if (status !== undefined) return void response.writeHead(status).end(UNAVAILABLE);
    response.writeHead(answer.status, answer.headers);
    if (reset === 'body' && answer.body.length > 0) {
      response.write(answer.body.subarray(0, answer.body.length >> 1), () => response.destroy());
    } else response.end(answer.body);
  }
  return proxy;
}

/** The request as it came, with the signature and the host that it was signed for. */
async function forward(
  target: URL,
  agent: Agent,
  method: string,
  path: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
): Promise<Answer> {
  const outgoing = request({ host: target.hostname, port: target.port, agent, method, path, headers });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const kept = { ...answer.headers };
  for (const name of ['connection', 'keep-alive', 'transfer-encoding']) delete kept[name];
  return { status: answer.statusCode as number, headers: kept, body: Buffer.concat(chunks) };
}

/** Check, wait, write: of two that come in between both are told that it was theirs. Works where signatures are not checked. */
async function race(
  passOn: (method: string, headers: IncomingHttpHeaders, body: Buffer) => Promise<Answer>,
  headers: IncomingHttpHeaders,
  body: Buffer,
  raceMs: number,
): Promise<Answer> {
  const { 'if-none-match': absent, 'if-match': unchanged, ...others } = headers;
  const { 'content-length': _, 'content-type': __, ...ofHead } = others;
  const found = await passOn('HEAD', ofHead, Buffer.alloc(0));
  const isThere = found.status === 200;
  if (absent !== undefined ? isThere : !isThere || found.headers.etag !== unchanged) {
    return { status: 412, headers: {}, body: Buffer.from('<Error><Code>PreconditionFailed</Code></Error>') };
  }
  await pause(raceMs);
  return passOn('PUT', others, body);
}
