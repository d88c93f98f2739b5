import assert from 'node:assert/strict';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';
import { exchange, request } from './raw.ts';

/** Environments and packages: no secrets. Homes of tests share them by links. */
const PUBLIC = ['python', 'layers'];
const FOR_OTHERS = 0o077;

describe('the home of the local platform', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  before(async () => {
    shared = await sharedPlatform();
  });

  it('is private, including its contents', async () => {
    const names = await readdir(shared.home);
    for (const name of ['platform.json', 'settings.json', 'wskprops', 'daemon.log', 's3.log', 'whisk', 's3'])
      assert.ok(names.includes(name), name);
    for (const name of ['.', ...names].filter((each) => !PUBLIC.includes(each))) {
      const { mode } = await lstat(join(shared.home, name));
      assert.equal(mode & FOR_OTHERS, 0, `${name}: ${mode.toString(8)}`);
    }
  });

  it('keeps keys out of logs and process names', async () => {
    const { store, whisk, pid, s3 } = shared.platform;
    const secrets = [whisk.auth.slice(whisk.auth.indexOf(':') + 1), store.secretAccessKey];
    const told = await Promise.all([
      readFile(join(shared.home, 'daemon.log'), 'utf8'),
      readFile(join(shared.home, 's3.log'), 'utf8'),
      ...[pid, s3.pid].map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')),
    ]);
    for (const text of told) for (const secret of secrets) assert.ok(!text.includes(secret));
  });

  it('has three servers, all of which reject pages from elsewhere', async () => {
    const { whisk, store, metadataUrl } = shared.platform;
    for (const url of [whisk.apihost, metadataUrl, store.endpoint ?? '']) {
      const port = Number(new URL(url).port);
      for (const headers of [['Host: evil.example'], ['Origin: https://evil.example']]) {
        for (const [method, target] of [
          ['GET', '/'],
          ['GET', '/flows'],
          ['POST', '/_ministack/reset'],
          ['OPTIONS', '/'],
        ]) {
          const answer = await exchange(port, request({ method: method ?? '', target: target ?? '', headers }));
          assert.equal(answer.status, 403, `${url} ${headers}: ${answer.text}`);
          assert.equal(answer.headers['access-control-allow-origin'], undefined);
        }
      }
    }
  });
});
