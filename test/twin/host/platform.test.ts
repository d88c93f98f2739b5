import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { silentReport } from '../../../src/base/terminal/progress.ts';
import { openStore } from '../../../src/platform/s3/store.ts';
import { startPlatform, stopPlatform } from '../../../src/twin/host/platform.ts';
import { homePaths, readPlatform, recordedPlatform } from '../../../src/twin/host/platform-state.ts';
import { poll } from '../../../src/twin/host/poll.ts';
import { isAlive } from '../../../src/twin/host/process-identity.ts';
import { FIRST_USE_TIMEOUT_MS, type TestHome, testHome } from '../../support/home.ts';
import { processesOf } from '../../support/processes.ts';

const ENDS_MS = 10_000;

describe('the local platform', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let home: TestHome;
  const said: string[] = [];
  const report = { ...silentReport, line: (text: string) => said.push(text) };
  const start = (options = {}) => startPlatform(home.path, report, options);

  beforeEach(async () => {
    said.length = 0;
    home = await testHome();
  });
  afterEach(async () => {
    await home.remove();
    assert.deepEqual(await processesOf(home.path), []);
  });

  it('starts once, answers, and stops everything it started', async () => {
    const { platform, started } = await start();
    assert.equal(started, true);
    assert.deepEqual(await readPlatform(home.path), platform);
    assert.equal((await fetch(`${platform.metadataUrl}/ping`)).status, 200);
    const store = await openStore(platform.store);
    assert.equal(await store.get('nothing'), undefined);
    store.close();

    const again = await start();
    assert.equal(again.started, false);
    assert.deepEqual(again.platform, platform);

    assert.equal(await stopPlatform(home.path, report), true);
    assert.equal(await isAlive(platform), false);
    assert.equal(await isAlive(platform.s3), false);
    assert.equal(await readPlatform(home.path), undefined);
    assert.equal(await stopPlatform(home.path, report), false);
  });

  it('keeps its keys, ports and data over a restart', async () => {
    const first = (await start()).platform;
    const store = await openStore(first.store);
    await store.put('kept', 'yes');
    store.close();
    const action = { exec: { kind: 'nodejs:20', code: 'const main = () => ({ ok: true })' } };
    assert.equal((await whisk(first, 'PUT', 'actions/kept', action)).status, 200);
    await stopPlatform(home.path, report);

    const second = (await start()).platform;
    assert.deepEqual(second.whisk, first.whisk);
    assert.deepEqual(second.store, first.store);
    assert.equal(second.metadataUrl, first.metadataUrl);
    const again = await openStore(second.store);
    assert.notEqual(await again.get('kept'), undefined);
    again.close();
    const answer = await whisk(second, 'POST', 'actions/kept?blocking=true&result=true', {});
    assert.deepEqual(await answer.json(), { ok: true });
  });

  it('shows its keys only to its owner', async () => {
    await start();
    const paths = homePaths(home.path);
    for (const file of [paths.platform, paths.settings, paths.wskprops, paths.log, paths.s3Log]) {
      assert.equal((await stat(file)).mode & 0o077, 0, file);
    }
    const { accessKeyId, secretAccessKey, auth } = JSON.parse(await readFile(paths.settings, 'utf8'));
    for (const file of [paths.log, paths.s3Log]) {
      const log = await readFile(file, 'utf8');
      for (const key of [accessKeyId, secretAccessKey, auth]) assert.ok(!log.includes(key), file);
    }
  });

  it('is one however many start it at once', async () => {
    const all = await Promise.all([start(), start(), start()]);
    assert.equal(all.filter(({ started }) => started).length, 1);
    assert.equal(new Set(all.map(({ platform }) => platform.pid)).size, 1);
  });

  it('starts again after its daemon was killed', async () => {
    const { platform } = await start();
    process.kill(platform.pid, 'SIGKILL');
    assert.ok(await poll(async () => !(await isAlive(platform)), ENDS_MS));
    assert.equal(await readPlatform(home.path), undefined);
    const next = await start();
    assert.equal(next.started, true);
    assert.notEqual(next.platform.pid, platform.pid);
    assert.equal(await isAlive(platform.s3), false);
    assert.deepEqual(next.platform.store, platform.store);
    assert.deepEqual(said, []);
  });

  it('does not take another process with its old pid for itself, nor end it', async () => {
    const { platform } = await start();
    await stopPlatform(home.path, report);
    const paths = homePaths(home.path);
    await writeFile(paths.platform, JSON.stringify({ ...platform, pid: process.pid }));
    assert.equal(await readPlatform(home.path), undefined);
    assert.equal((await start()).started, true);
  });

  it('starts over a state file that was cut short', async () => {
    await writeFile(homePaths(home.path).platform, '{"version": 1, "pid"');
    assert.equal((await start()).started, true);
  });

  it('reports that the requested port is in use and leaves nothing running', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    try {
      await assert.rejects(start({ port }), {
        name: 'UserError',
        code: 'port-taken',
        message: new RegExp(`port ${port} `),
      });
    } finally {
      other.close();
    }
    assert.equal(await recordedPlatform(homePaths(home.path)), undefined);
    const { platform } = await start({ port });
    assert.equal(platform.whisk.apihost, `http://127.0.0.1:${port}`);
    await assert.rejects(start({ port: port + 1 }), { code: 'already-running' });
  });

  it('moves to another port and reports it if the last one is in use', async () => {
    const { platform } = await start();
    await stopPlatform(home.path, report);
    const port = Number(new URL(platform.store.endpoint as string).port);
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    try {
      const moved = (await start()).platform;
      assert.notEqual(moved.store.endpoint, platform.store.endpoint);
      assert.match(said.join('\n'), new RegExp(`Port ${port} is already in use: the S3 server moves`));
    } finally {
      other.close();
    }
  });

  it('ends by itself when nobody uses it', async () => {
    const { platform } = await start({ idleLimitMs: 1_000 });
    assert.ok(await poll(async () => !(await isAlive(platform)), ENDS_MS));
    assert.equal(await recordedPlatform(homePaths(home.path)), undefined);
    assert.equal(await isAlive(platform.s3), false);
  });

  it('does not end while an alarm is set', async () => {
    const { platform } = await start({ idleLimitMs: 1_000 });
    assert.equal((await whisk(platform, 'PUT', 'triggers/soon', {})).status, 200);
    const alarm = { cron: '0 6 * * *', triggerName: '/_/soon', authKey: platform.whisk.auth };
    const feed = async (lifecycleEvent: string) =>
      (await whisk(platform, 'POST', '/whisk.system/actions/alarms/alarm?blocking=true', { ...alarm, lifecycleEvent }))
        .status;
    const hasEnded = async () => !(await isAlive(platform));
    assert.equal(await feed('CREATE'), 200);
    assert.equal(await poll(hasEnded, 3_000), false);
    assert.equal(await feed('DELETE'), 200);
    assert.ok(await poll(hasEnded, ENDS_MS));
  });

  it('ends when its S3 server does', async () => {
    const { platform } = await start();
    process.kill(platform.s3.pid, 'SIGKILL');
    assert.ok(await poll(async () => !(await isAlive(platform)), ENDS_MS));
    assert.match(await readFile(homePaths(home.path).log, 'utf8'), /the local S3 server stopped/);
    assert.equal((await start()).started, true);
  });

  function whisk(platform: Awaited<ReturnType<typeof start>>['platform'], method: string, path: string, body: unknown) {
    const { apihost, auth } = platform.whisk;
    return fetch(`${apihost}/api/v1/namespaces${path.startsWith('/') ? path : `/_/${path}`}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(auth).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
  }
});
