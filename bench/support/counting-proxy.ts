import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

export interface S3Request {
  method: string;
  /** Bucket and key; a LIST's ends in its bucket. */
  path: string;
}

export interface CountingProxy {
  /** Stands for the S3 behind it. */
  endpoint: string;
  /** What has gone through since it was asked last, in order. */
  take(): S3Request[];
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/** Passes S3 requests on as they are, the signed `Host` included, and writes them down. */
export async function countingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const seen: S3Request[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    seen.push({ method, path: url.replace(/\?.*/, '') });
    const onwards = request({ hostname, port, method, path: url, headers, agent });
    try {
      const answered = once(onwards, 'response');
      await pipeline(incoming, onwards);
      const [answer] = await answered;
      outgoing.writeHead(answer.statusCode, answer.rawHeaders);
      await pipeline(answer, outgoing);
    } catch {
      onwards.destroy();
      outgoing.destroy();
    }
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return {
    endpoint: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    take: () => seen.splice(0),
    async close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };
}
