import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isOfThisMachine, LOOPBACK, readRequestBody, urlOf } from '../../src/base/loopback.ts';

const comesFrom = (headers: Record<string, string[]>) => isOfThisMachine({ headersDistinct: headers });

describe('access to loopback servers', () => {
  it('accepts clients of this machine', () => {
    for (const host of ['127.0.0.1:3233', 'localhost', 'LOCALHOST:80', '[::1]:3233'])
      assert.equal(comesFrom({ host: [host] }), true, host);
  });

  it('rejects a name that DNS rebinding points at this machine', () => {
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:3233', ''])
      assert.equal(comesFrom({ host: [host] }), false, host);
  });

  it('rejects pages from elsewhere, and accepts those of this machine', () => {
    const host = ['localhost:3233'];
    assert.equal(comesFrom({ host, origin: ['https://evil.example'] }), false);
    assert.equal(comesFrom({ host, origin: ['null'] }), false);
    assert.equal(comesFrom({ host, origin: ['http://localhost:8080'] }), true);
  });

  it('rejects a request with no host or with two', () => {
    assert.equal(comesFrom({}), false);
    assert.equal(comesFrom({ host: ['localhost', 'localhost'] }), false);
  });

  it('reads a target only if it is a path', () => {
    assert.equal(urlOf({ url: '/api/v1?x=1' })?.pathname, '/api/v1');
    assert.equal(urlOf({ url: 'http://evil.example/' }), undefined);
  });
});

describe('loopback: bodies', () => {
  /** The length that a server read of a body, which may be sent without saying how long it is. */
  async function lengthRead(body: string, maxBytes: number, chunked: boolean): Promise<number | undefined> {
    let read: number | undefined;
    const server = createServer(async (incoming, response) => {
      read = (await readRequestBody(incoming, maxBytes))?.length;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    const { port } = server.address() as AddressInfo;
    const headers = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length };
    await new Promise<void>((resolve, reject) => {
      const sent = request({ host: LOOPBACK, port, method: 'POST', headers }, (answer) => {
        answer.resume().on('end', resolve);
      });
      sent.on('error', reject).end(body);
    });
    server.close();
    return read;
  }

  for (const chunked of [false, true]) {
    it(`reads a body up to the limit${chunked ? ', in chunks' : ''}`, async () => {
      assert.equal(await lengthRead('x'.repeat(10), 10, chunked), 10);
    });
    it(`discards a longer body${chunked ? ', in chunks' : ''}`, async () => {
      assert.equal(await lengthRead('x'.repeat(11), 10, chunked), undefined);
    });
  }
});
