import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SystemError, UserError } from '../errors.ts';
import { RunReader } from '../runs/reader.ts';
import type { Store } from '../store/store.ts';
import { answer, type Reply, type Request, SERVICE_VERSION } from './routes.ts';

export interface MetadataService {
  /** For `METAFLOW_SERVICE_URL`. */
  url: string;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
/** Tags are all that is ever sent. */
const BODY_MAX_BYTES = 1024 * 1024;

/**
 * Serves the runs of a datastore as Metaflow's metadata service does, so that its stock client reads them with nothing of
 * ours installed. On loopback only: whoever reaches it sees all runs.
 *
 * @throws UserError `port-taken`.
 */
export async function startMetadataService(options: { store: Store; port?: number }): Promise<MetadataService> {
  const reader = new RunReader(options.store);
  const server = createServer(async (message, response) => {
    const reply = await respond(reader, message);
    response.writeHead(reply.status, {
      'content-type': 'application/json',
      METADATA_SERVICE_VERSION: SERVICE_VERSION,
    });
    response.end(JSON.stringify(reply.body));
  });
  const { port = 0 } = options;
  server.listen(port, LOOPBACK);
  try {
    await once(server, 'listening');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new UserError(
      'port-taken',
      `port ${port} of ${LOOPBACK} is taken: the metadata service cannot listen there`,
      'end what listens there, or choose another port',
      { cause },
    );
  }
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function respond(reader: RunReader, message: IncomingMessage): Promise<Reply> {
  try {
    const request = await requestOf(message);
    return request === undefined ? { status: 400, body: { message: 'bad request' } } : await answer(reader, request);
  } catch (error) {
    // The client asks again after 503, so that only what may pass is one.
    const passing = error instanceof SystemError || (error instanceof UserError && error.code === 'store-unreachable');
    return { status: passing ? 503 : 500, body: { message: (error as Error).message } };
  }
}

/** Undefined if it is malformed. */
async function requestOf(message: IncomingMessage): Promise<Request | undefined> {
  const url = new URL(message.url ?? '/', 'http://service');
  const raw = url.pathname.split('/').filter((part) => part !== '');
  let path: string[];
  try {
    path = raw.map(decodeURIComponent);
  } catch {
    return undefined;
  }
  // Parts become parts of keys.
  if (path.some((part) => part.includes('/'))) return undefined;
  const text = await bodyOf(message);
  if (text === undefined) return undefined;
  try {
    return {
      method: message.method ?? '',
      path,
      query: url.searchParams,
      body: text === '' ? undefined : JSON.parse(text),
    };
  } catch {
    return undefined;
  }
}

async function bodyOf(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message) {
    length += (chunk as Buffer).length;
    if (length > BODY_MAX_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}
