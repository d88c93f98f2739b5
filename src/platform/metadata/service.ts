import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { SystemError, UserError } from '../../base/errors.ts';
import { toJson } from '../../base/json.ts';
import { listen } from '../../base/listen.ts';
import {
  isOfThisMachine,
  LOOPBACK,
  NOT_OF_THIS_MACHINE,
  readRequestBody,
  SERVER_TIMEOUTS,
  urlOf,
} from '../../base/loopback.ts';
import { RunReader } from '../runs/reader.ts';
import type { Store } from '../s3/store.ts';
import type { MetadataReply } from './reply.ts';
import { answer, type MetadataRequest, SERVICE_VERSION } from './routes.ts';

export interface MetadataService {
  /** For `METAFLOW_SERVICE_URL`. */
  url: string;
  close(): Promise<void>;
}

/** Clients only send tags. */
const BODY_MAX_BYTES = 1024 * 1024;
/** No object of S3 has a longer key. */
const KEY_MAX_BYTES = 1024;

const BAD_REQUEST: MetadataReply = { status: 400, body: { message: 'bad request' } };
const UNREADABLE = 'an object in the datastore is not a valid record';

/**
 * Serves the runs of a datastore like Metaflow's metadata service, so that its standard client can read them without
 * nuvopipe. Listens on loopback and only accepts clients of this machine, all of which can see all runs.
 *
 * @throws UserError `port-taken`.
 */
export async function startMetadataService(options: { store: Store; port?: number }): Promise<MetadataService> {
  const reader = new RunReader(options.store);
  const server = createServer(SERVER_TIMEOUTS, async (message, response) => {
    const reply = await respond(reader, message);
    response.writeHead(reply.status, {
      'content-type': 'application/json',
      METADATA_SERVICE_VERSION: SERVICE_VERSION,
    });
    response.end(toJson(reply.body));
  });
  const { port = 0 } = options;
  const listening = await listen(server, port, 'the metadata service');
  return {
    url: `http://${LOOPBACK}:${listening}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function respond(reader: RunReader, message: IncomingMessage): Promise<MetadataReply> {
  if (!isOfThisMachine(message)) return { status: 403, body: { message: NOT_OF_THIS_MACHINE } };
  try {
    const request = await requestOf(message);
    return 'path' in request ? await answer(reader, request) : request;
  } catch (error) {
    const known = error instanceof SystemError || error instanceof UserError;
    // The client retries after 503, so only temporary errors are reported as 503.
    const passing = error instanceof SystemError || (known && error.code === 'store-unreachable');
    // Anything else is an invalid record, whose details are not shown.
    return { status: passing ? 503 : 500, body: { message: known ? error.message : UNREADABLE } };
  }
}

/** Or an error answer. */
async function requestOf(message: IncomingMessage): Promise<MetadataRequest | MetadataReply> {
  const url = urlOf(message);
  const path = url && partsOf(url.pathname);
  if (url === undefined || path === undefined) return BAD_REQUEST;
  const body = await readRequestBody(message, BODY_MAX_BYTES);
  if (body === undefined) return { status: 413, body: { message: `the request exceeds ${BODY_MAX_BYTES} bytes` } };
  try {
    return {
      method: message.method ?? '',
      path,
      query: url.searchParams,
      body: body.length === 0 ? undefined : JSON.parse(body.toString()),
    };
  } catch {
    return BAD_REQUEST;
  }
}

/** Path parts become parts of keys; undefined if one is invalid. */
function partsOf(pathname: string): string[] | undefined {
  const raw = pathname.split('/').filter((part) => part !== '');
  try {
    const parts = raw.map(decodeURIComponent);
    return parts.every(isKeyPart) ? parts : undefined;
  } catch {
    return undefined;
  }
}

function isKeyPart(part: string): boolean {
  return !/[/\\\p{Cc}]/u.test(part) && part !== '.' && part !== '..' && Buffer.byteLength(part) <= KEY_MAX_BYTES;
}
