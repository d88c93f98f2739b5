import assert from 'node:assert/strict';
import { startTestStore, type TestStore } from '../platform/s3/s3.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { exchange, request } from './raw.ts';

describe("the local platform's S3, met by others than its clients", () => {
  let s3: TestStore;
  let port: number;
  let accessKey: string;
  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    s3 = await startTestStore();
    port = Number(new URL(s3.store.settings.endpoint ?? '').port);
    accessKey = s3.store.settings.accessKeyId;
  });
  after(() => s3?.close());

  const signedBy = (key: string, service = 's3') =>
    `Authorization: AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`;
  const inQuery = (key: string) => `X-Amz-Credential=${key}%2F20260101%2Fus-east-1%2Fs3%2Faws4_request`;

  it('nothing but a request for S3 with its key reaches it: nobody else resets, configures or reads it', async () => {
    await s3.store.put('kept', 'an object');
    const paths = ['/', '/nuvopipe/metaflow/kept', '/_ministack/config', '/_ministack/health', '/health'];
    const attempts: [name: string, target: string, headers: string[]][] = [
      ['a reset with the key', '/_ministack/reset', [signedBy(accessKey)]],
      ['a reset with the key in its URL', `/_ministack/reset?${inQuery(accessKey)}`, []],
      ['a reset in other letters', '/%5Fministack/reset', [signedBy(accessKey)]],
      ['a function with the key', '/2015-03-31/functions', [signedBy(accessKey, 'lambda')]],
      ['half a credential', '/nuvopipe/metaflow/kept', ['Authorization: AWS4-HMAC-SHA256 Credential=']],
      ['two credentials', '/nuvopipe/metaflow/kept', [signedBy(accessKey), signedBy('ANOTHERKEY')]],
      ...[...paths, '/_ministack/reset'].flatMap((path): typeof attempts => [
        [`${path} without a key`, path, []],
        [`${path} with another key`, path, [signedBy('ANOTHERKEY')]],
        [`${path} with another key in its URL`, `${path}?${inQuery('ANOTHERKEY')}`, []],
        [`${path} with bytes for a key`, path, [signedBy('\xff\xfe')]],
      ]),
    ];
    for (const [name, target, headers] of attempts) {
      for (const method of ['GET', 'POST']) {
        const answer = await exchange(
          port,
          request({ method, target, headers, ...(method === 'POST' && { body: '{}' }) }),
        );
        assert.ok([0, 400, 403].includes(answer.status), `${method}, ${name}: ${answer.text}`);
      }
    }
    assert.equal(new TextDecoder().decode((await s3.store.get('kept'))?.body), 'an object');
  });

  it("rejects a web page's preflight request", async () => {
    const headers = ['Origin: https://example.com', 'Access-Control-Request-Method: PUT'];
    const answer = await exchange(port, request({ method: 'OPTIONS', target: '/nuvopipe/metaflow/kept', headers }));
    assert.equal(answer.status, 403);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  });

  it('no key of an object leads out of its folder', async () => {
    const { store } = s3;
    for (const key of [
      '../../../outside',
      'a/../../../../outside',
      '..%2f..%2foutside',
      '%2e%2e/%2e%2e/%2e%2e/outside',
    ]) {
      await store.put(key, 'x').catch(() => undefined);
      const read = await store.get(`${key.replace('outside', 'log')}`).catch(() => undefined);
      assert.equal(read, undefined, key);
    }
    assert.equal(new TextDecoder().decode((await store.get('kept'))?.body), 'an object');
  });
});
