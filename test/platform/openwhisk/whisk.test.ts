import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWhisk, type Whisk } from '../../../src/platform/openwhisk/client.ts';
import { RETRY_TABLE, retryWaitMs } from '../../../src/platform/openwhisk/retries.ts';
import { normalizeHost, whiskSettings } from '../../../src/platform/openwhisk/whisk-settings.ts';
import { wskProperties } from '../../../src/twin/host/client-env.ts';
import type { Platform } from '../../../src/twin/host/platform-state.ts';
import { freePort } from '../../support/ports.ts';

const AUTH = '23bc46b1-71f6-4ed5-8c54-816aa4f8c502:hush-hush';

describe('whisk settings', () => {
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-wsk-'));
    file = join(folder, 'props');
    await writeFile(file, '# mine\nAPIHOST=file.example\nAUTH=a:file\nNAMESPACE=guest\n\nINSECURE_SSL = true\n');
  });
  after(() => rm(folder, { recursive: true }));

  it('prefers flags to the environment and that to the file', async () => {
    const env = { WSK_CONFIG_FILE: file, __OW_API_KEY: 'a:env' };
    assert.deepEqual(await whiskSettings({}, { WSK_CONFIG_FILE: file }), {
      apihost: 'https://file.example',
      auth: 'a:file',
      namespace: 'guest',
      insecure: true,
    });
    assert.deepEqual(await whiskSettings({ apihost: 'http://flag:3233/', insecure: false }, env), {
      apihost: 'http://flag:3233',
      auth: 'a:env',
      namespace: 'guest',
      insecure: false,
    });
  });

  it('are written for other clients with the namespace of the key', () => {
    const whisk = { apihost: 'http://127.0.0.1:1', auth: 'a:b', namespace: 'guest' };
    assert.match(wskProperties({ whisk } as Platform), /^NAMESPACE=_$/m);
  });

  it('reads ~/.wskprops and reports missing settings', async () => {
    await writeFile(join(folder, '.wskprops'), 'APIHOST=h\n');
    await assert.rejects(whiskSettings({}, { HOME: folder }), { name: 'UserError', code: 'no-whisk-key' });
    await assert.rejects(whiskSettings({}, { HOME: join(folder, 'none') }), { code: 'no-whisk-host' });
    await assert.rejects(whiskSettings({ auth: 'half' }, { HOME: folder }), (error: Error) => {
      assert.doesNotMatch(error.message, /half/);
      return (error as Error & { code: string }).code === 'bad-whisk-key';
    });
  });

  it('reads hosts as wsk does', () => {
    assert.equal(normalizeHost('host:31001'), 'https://host:31001');
    assert.equal(normalizeHost('http://host/api/v1'), 'http://host');
    assert.throws(() => normalizeHost('a b'), { code: 'bad-whisk-host' });
  });
});

describe('whisk client', () => {
  let server: Server;
  let whisk: Whisk;
  let seen: string[];
  let answer: (response: ServerResponse, url: string) => void;
  beforeEach(async () => {
    seen = [];
    server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      request.resume().on('end', () => answer(response, request.url ?? ''));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    whisk = openWhisk({ apihost: `http://127.0.0.1:${port}`, auth: AUTH, namespace: '_' });
  });
  afterEach(() => {
    whisk.close();
    server.closeAllConnections();
    server.close();
  });

  const json = (status: number, body: unknown) => (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

  const refusals: [number, unknown, string, string][] = [
    [401, { error: 'The supplied authentication is invalid', code: 'x' }, 'UserError', 'whisk-credentials'],
    [403, { error: 'not authorized' }, 'UserError', 'whisk-forbidden'],
    [413, { error: 'The request content was too large' }, 'UserError', 'whisk-too-large'],
    [400, { error: 'The request content was malformed' }, 'UserError', 'whisk-refused'],
  ];
  for (const [status, body, name, code] of refusals) {
    it(`reports ${status} in plain words and without the key`, async () => {
      answer = json(status, body);
      await assert.rejects(whisk.putPackage('p', []), (error: Error & { code: string; hint: string }) => {
        assert.deepEqual([error.name, error.code], [name, code]);
        assert.doesNotMatch(`${error.message}${error.hint}`, /hush/);
        return true;
      });
      assert.equal(seen.length, 1);
    });
  }

  it('reports an unreachable server', async () => {
    const away = openWhisk({ ...whisk.settings, apihost: `http://127.0.0.1:${await freePort()}` });
    await assert.rejects(away.getAction('a'), { name: 'UserError', code: 'host-unreachable' });
    away.close();
  });

  it('reports a server that is not OpenWhisk', async () => {
    answer = (response) => response.end('<html>welcome</html>');
    await assert.rejects(whisk.getAction('a'), { name: 'UserError', code: 'not-openwhisk' });
  });

  it('retries idempotent requests', async () => {
    let calls = 0;
    answer = (response) => (++calls === 1 ? response.destroy() : json(200, {})(response));
    await whisk.putPackage('p', []);
    assert.equal(calls, 2);
  });

  it('does not invoke twice after a connection broke', async () => {
    answer = (response) => response.destroy();
    await assert.rejects(whisk.invoke('a', {}, { blocking: true }), { code: 'host-unreachable' });
    assert.equal(seen.length, 1);
  });

  it('waits a throttle out', async () => {
    let calls = 0;
    answer = (response) =>
      (++calls === 1 ? json(429, { error: 'Too many requests' }) : json(202, { activationId: 'abc' }))(response);
    assert.deepEqual(await whisk.invoke('a', {}, { blocking: false }), { activationId: 'abc' });
    assert.equal(calls, 2);
  });

  it('lists page after page', async () => {
    const page = (length: number) =>
      Array.from({ length }, (_, n) => ({ namespace: 'ns', name: `t${n}`, version: '1', updated: n }));
    answer = (response, url) => json(200, page(url.endsWith('skip=0') ? 200 : 3))(response);
    const listed = await whisk.list('triggers');
    assert.deepEqual([listed.length, listed[202]], [203, { namespace: 'ns', name: 't2', annotations: [], updated: 2 }]);
    const path = 'GET /api/v1/namespaces/_/triggers?limit=200';
    assert.deepEqual(seen, [`${path}&skip=0`, `${path}&skip=200`]);
    seen.length = 0;
    assert.equal((await whisk.listActions('F.steps')).length, 203);
    const actions = 'GET /api/v1/namespaces/_/actions/F.steps/?limit=200';
    assert.deepEqual(seen, [`${actions}&skip=0`, `${actions}&skip=200`]);
  });

  it('reaches entities in another namespace', async () => {
    answer = json(200, { annotations: [], rules: { 'ns/r': {} } });
    assert.deepEqual(await whisk.getTrigger('/other/new files'), { annotations: [], rules: ['ns/r'] });
    await whisk.invoke('/whisk.system/alarms/alarm', {}, { blocking: true }).catch(() => undefined);
    assert.deepEqual(seen, [
      'GET /api/v1/namespaces/other/triggers/new%20files',
      'POST /api/v1/namespaces/whisk.system/actions/alarms/alarm?blocking=true',
    ]);
  });

  it('treats missing objects as deleted', async () => {
    answer = json(404, { error: 'The requested resource does not exist.' });
    await whisk.deleteRule('r');
    await whisk.deleteAction('p/a');
    assert.deepEqual(seen, ['DELETE /api/v1/namespaces/_/rules/r', 'DELETE /api/v1/namespaces/_/actions/p/a']);
  });

  it('returns the failure of an action as its result', async () => {
    answer = json(502, { activationId: 'abc', response: { success: false, result: { error: 'no luck' } } });
    assert.deepEqual(await whisk.invoke('p/a', {}, { blocking: true }), {
      activationId: 'abc',
      response: { success: false, result: { error: 'no luck' } },
    });
    assert.deepEqual(seen, ['POST /api/v1/namespaces/_/actions/p/a?blocking=true']);
  });

  it('reads what a cluster publishes, and a namespace’s own limits before it', async () => {
    answer = (response, url) =>
      url === '/'
        ? json(200, {
            runtimes: { python: [{ kind: 'python:3' }, { kind: 'python:3.11' }] },
            limits: {
              max_action_memory: 536870912,
              max_action_duration: 300000,
              actions_per_minute: 60,
              concurrent_actions: 30,
              sequence_length: 50,
            },
          })(response)
        : json(200, { maxActionMemory: 1024, invocationsPerMinute: 999 })(response);
    assert.deepEqual(await whisk.clusterInfo(), {
      kinds: ['python:3', 'python:3.11'],
      maxMemoryMB: 1024,
      maxTimeLimitMs: 300000,
      invocationsPerMinute: 999,
      concurrentInvocations: 30,
      sequenceLength: 50,
    });
  });

  it('returns nothing for a cluster that publishes nothing', async () => {
    answer = json(404, { error: 'no' });
    assert.deepEqual(await whisk.clusterInfo(), {});
  });
});

describe('retry table', () => {
  it('never repeats an invocation that might have started', () => {
    for (const on of [500, 502, 504, 'ECONNRESET', 'EPIPE']) assert.equal(retryWaitMs(on, false, 1), undefined);
  });

  it('gives a reason for every rule, and ends', () => {
    for (const rule of RETRY_TABLE) {
      assert.match(rule.why, /\w+ \w+/);
      assert.equal(retryWaitMs(rule.on, true, 10), undefined);
    }
  });
});
