import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openWhisk } from '../../../src/platform/openwhisk/client.ts';
import { openStore } from '../../../src/platform/s3/store.ts';

const NAMES = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'ALL_PROXY',
  'all_proxy',
];

describe('a proxy that the environment names', () => {
  const before_ = new Map(NAMES.map((name) => [name, process.env[name]]));
  let server: Server;
  let seen: string[];
  let url: string;

  before(async () => {
    server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{}');
    });
    server.on('connect', (request, socket) => {
      seen.push(`CONNECT ${request.url}`);
      socket.end('HTTP/1.1 502 no\r\n\r\n');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://user:pass@127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    seen = [];
    for (const name of NAMES) delete process.env[name];
    process.env.HTTP_PROXY = process.env.HTTPS_PROXY = url;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    for (const [name, value] of before_) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  async function ask(apihost: string): Promise<unknown> {
    const whisk = openWhisk({ apihost, auth: 'a:b', namespace: '_', insecure: false });
    return whisk
      .deleteAction('x')
      .catch((error: unknown) => error)
      .finally(() => whisk.close());
  }

  async function look(endpoint?: string): Promise<unknown> {
    const store = await openStore({
      ...{ bucket: 'data', prefix: 'metaflow', region: 'eu-south-1', accessKeyId: 'k', secretAccessKey: 's' },
      ...(endpoint === undefined ? {} : { endpoint }),
    });
    return store
      .exists('x')
      .catch((error: unknown) => error)
      .finally(() => store.close());
  }

  it('is asked for an OpenWhisk that speaks http', async () => {
    assert.equal(await ask('http://whisk.example'), undefined);
    assert.deepEqual(seen, ['DELETE http://whisk.example/api/v1/namespaces/_/actions/x']);
  });

  it('opens a tunnel to an HTTPS proxy, and names it in errors without its password', async () => {
    const error = (await ask('https://whisk.example')) as Error;
    assert.ok(seen.length > 0 && seen.every((line) => line === 'CONNECT whisk.example:443'));
    assert.match(error.message, /through the proxy http:\/\/127\.0\.0\.1:\d+/);
    assert.doesNotMatch(error.message, /pass/);
  });

  it('is asked for S3', async () => {
    await look('http://s3.example:9000');
    assert.deepEqual(seen, ['HEAD http://s3.example:9000/data/metaflow/x']);
    seen = [];
    await look();
    assert.ok(seen.length > 0 && seen.every((line) => line === 'CONNECT data.s3.eu-south-1.amazonaws.com:443'));
  });

  it('is asked for nothing that NO_PROXY names, nor for this machine', async () => {
    process.env.NO_PROXY = '.invalid,s3.invalid:9000';
    await ask('http://whisk.invalid');
    await ask('http://127.0.0.1:9');
    await look('http://127.0.0.1:9');
    assert.deepEqual(seen, []);
  });
}).timeout(60_000);
