import assert from 'node:assert/strict';
import { keys, prefixes } from '../../src/contract/layout.generated.ts';
import type { RunRecord, TaskRecord } from '../../src/contract/records.ts';
import { type MetadataService, startMetadataService } from '../../src/platform/metadata/service.ts';
import type { Store } from '../../src/platform/s3/store.ts';
import { assertNoInternals, assertRefused, exchange, type RequestParts, request } from './raw.ts';

const SECRET = 'what-another-file-of-the-datastore-holds';

describe('hostile requests to the metadata service', () => {
  let store: MemoryStore;
  let service: MetadataService;
  let port: number;

  before(async () => {
    store = memoryStore();
    addRun(store, 'AFlow', 'one');
    addRun(store, 'BFlow', 'two');
    store.objects.set('secret/run.json', SECRET);
    store.objects.set('AFlow/one/start/t/0.data.json', SECRET);
    service = await startMetadataService({ store });
    port = Number(new URL(service.url).port);
  });
  after(() => service?.close());
  beforeEach(() => {
    store.asked.length = 0;
  });
  afterEach(async () => {
    assert.equal((await send({ target: '/flows/AFlow/runs/one' })).status, 200, 'the service still works');
  });

  const send = (parts: RequestParts) => exchange(port, request(parts));

  it('rejects pages from elsewhere by Host and by Origin', async () => {
    for (const headers of [
      ['Host: evil.example'],
      ['Host: 127.0.0.1.evil.example'],
      ['Host: 2130706433'],
      ['Host: 127.0.0.1', 'Host: evil.example'],
      ['Origin: https://evil.example'],
      ['Origin: null'],
    ]) {
      for (const [method, target] of [
        ['GET', '/flows'],
        ['OPTIONS', '/flows/AFlow/runs/one/tag/mutate'],
        ['PATCH', '/flows/AFlow/runs/one/tag/mutate'],
      ]) {
        const answer = await send({ method: method ?? '', target: target ?? '', headers });
        assert.equal(answer.status, 403, answer.text);
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
      }
    }
    assert.deepEqual(store.asked, []);
  });

  it('no path leads to another key than a run’s', async () => {
    const tricks = [
      '..',
      '%2e%2e',
      '%2e%2e%2f',
      '..%2f..%2fsecret',
      '%252e%252e',
      '..%5c..',
      '%5c',
      '%00',
      'x%00',
      '%0d%0aX-Injected:1',
      '%ff',
      '%',
      '%c0%ae',
      'x'.repeat(2_000),
      '.',
      '%20',
      '__proto__',
      'constructor',
      '*',
      'BFlow%2fruns%2ftwo',
      '~',
      '\xff',
    ];
    let tried = 0;
    for (const trick of tricks) {
      for (const target of [
        `/flows/${trick}`,
        `/flows/${trick}/runs`,
        `/flows/${trick}/${trick}/${trick}/secret`,
        `/flows/AFlow/runs/${trick}`,
        `/flows/AFlow/runs/${trick}/steps`,
        `/flows/AFlow/runs/one/steps/${trick}`,
        `/flows/AFlow/runs/one/steps/start/tasks/${trick}`,
        `/flows/AFlow/runs/one/steps/start/tasks/t/artifacts/${trick}`,
        `/flows/AFlow/runs/one/steps/start/tasks/t/artifacts/a/attempt/${trick}`,
        `/${trick}`,
      ]) {
        tried += 1;
        const answer = await send({ target });
        assertNoInternals(answer.text, [SECRET], target);
        assert.ok(answer.status < 500, `${target}: ${answer.text}`);
        assert.equal(answer.headers['x-injected'], undefined);
        if (answer.status === 200)
          assert.ok(!answer.body.includes('two') || /^\/flows\/?$/.test(target), `${target}: ${answer.body}`);
      }
    }
    for (const key of store.asked) assert.match(key, new RegExp(`^${prefixes.root}([^/]+(/|$))*$`), key);
    for (const key of store.asked) assert.ok(!key.split('/').some((part) => part === '..' || part === '.'), key);
    assert.ok(tried > 200);
  });

  it('a flow only sees its own runs', async () => {
    for (const target of [
      '/flows/AFlow/runs/two',
      '/flows/AFlo/runs/one',
      '/flows/AFlow%20/runs/one',
      '/flows/aflow/runs/one',
    ]) {
      assert.equal((await send({ target })).status, 404, target);
    }
    assert.deepEqual(
      JSON.parse((await send({ target: '/flows/AFlow/runs' })).body).map(
        (run: { run_number: string }) => run.run_number,
      ),
      ['one'],
    );
  });

  it('rejects targets that are not paths', async () => {
    for (const target of ['*', 'http://evil.example/flows', 'x', '//', '//[', '/?', '/%', 'http://[']) {
      assertRefused(await send({ target }), [SECRET], target);
    }
  });

  it('bodies that are too long, too deep or no tags', async () => {
    const bodies: [string, number][] = [
      ['x', 400],
      ['{', 400],
      ['[]', 200],
      ['null', 200],
      ['{"tags_to_add":1}', 400],
      ['{"tags_to_add":[{}]}', 400],
      ['{"tags_to_remove":{"length":1}}', 400],
      ['{"__proto__":{"tags_to_add":["x"]}}', 200],
      [`{"tags_to_add":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400],
      [`["${'x'.repeat(2_000_000)}"]`, 413],
    ];
    for (const [body, status] of bodies) {
      const answer = await send({ method: 'PATCH', target: '/flows/AFlow/runs/one/tag/mutate', body });
      assertNoInternals(answer.text, [SECRET], body.slice(0, 100));
      assert.equal(answer.status, status, `${body.slice(0, 100)}: ${answer.text}`);
    }
    const announced = await send({
      method: 'PATCH',
      target: '/flows/AFlow/runs/one/tag/mutate',
      headers: ['Content-Length: 1000000000'],
      body: '{',
    });
    assert.equal(announced.status, 413);
    assert.deepEqual(JSON.parse((await send({ target: '/flows/AFlow/runs/one' })).body).tags, []);
  });

  it('rejects all writing methods', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      for (const target of ['/flows/AFlow', '/flows/AFlow/runs/one', '/flows/AFlow/runs/one/steps/start/tasks/t']) {
        const answer = await exchange(port, request({ method, target, headers: ['Connection: close'] }), true);
        assert.equal(answer.status, 405, `${method} ${target}: ${answer.text}`);
      }
    }
  });

  it('aborts a pattern that never ends', async () => {
    const started = Date.now();
    const filtered = '/flows/AFlow/runs/one/steps/start/filtered_tasks';
    const answer = await send({ target: `${filtered}?pattern=${encodeURIComponent('^(a+)+$')}` });
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [400, { message: 'the pattern takes too long' }]);
    assert.ok(Date.now() - started < 10_000);
    assert.equal((await send({ target: `${filtered}?pattern=${'('.repeat(5_000)}` })).status, 400);
    assert.deepEqual(JSON.parse((await send({ target: `${filtered}?pattern=%5Ea` })).body), ['AFlow/one/start/t']);
  });

  it('does not reveal the contents of an invalid record', async () => {
    for (const [n, content] of [SECRET, '{"a":', 'null', '[]', '"x"', '{}', '1', ''].entries()) {
      const run = `odd-${n}`;
      addRun(store, 'OddFlow', run);
      store.objects.set(keys.run({ flow: 'OddFlow', run }), content);
      addRun(store, 'OddTasks', run);
      store.objects.set(keys.commit({ flow: 'OddTasks', run, step: 'start', task: 't' }), content);
      for (const target of [
        `/flows/OddFlow/runs/${run}`,
        `/flows/OddFlow/runs/${run}/steps`,
        `/flows/OddTasks/runs/${run}/steps/start`,
        `/flows/OddTasks/runs/${run}/steps/start/tasks/t/artifacts`,
        `/flows/OddTasks/runs/${run}/steps/start/tasks/t/artifacts/__proto__`,
        `/flows/OddTasks/runs/${run}/steps/start/tasks/t/metadata`,
        `/flows/OddTasks/runs/${run}/steps/start/filtered_tasks?pattern=a`,
      ]) {
        const answer = await send({ target });
        assertNoInternals(answer.text, [SECRET], target);
        if (answer.status >= 500)
          assert.match(answer.body, /^\{"message":"an object in the datastore is not the record/);
      }
      const mutated = await send({
        method: 'PATCH',
        target: `/flows/OddFlow/runs/${run}/tag/mutate`,
        body: '{"tags_to_add":["x"]}',
      });
      assertNoInternals(mutated.text, [SECRET], run);
    }
    const objects = [...store.objects.keys()].filter((key) => key.includes('polluted'));
    assert.deepEqual(objects, []);
  });
});

interface MemoryStore extends Store {
  readonly objects: Map<string, string>;
  /** Keys and prefixes. */
  readonly asked: string[];
}

function memoryStore(): MemoryStore {
  const objects = new Map<string, string>();
  const asked: string[] = [];
  const bytes = (text: string) => new TextEncoder().encode(text);
  const under = (prefix: string) => {
    asked.push(prefix);
    return [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  };
  return {
    objects,
    asked,
    settings: { bucket: 'b', prefix: 'p', region: 'r', accessKeyId: 'k', secretAccessKey: SECRET },
    root: 's3://b/p',
    async get(key) {
      asked.push(key);
      const text = objects.get(key);
      return text === undefined ? undefined : { body: bytes(text), etag: text };
    },
    async put(key, body) {
      objects.set(key, String(body));
    },
    async putIfAbsent() {
      return false;
    },
    async putIfUnchanged(key, body, etag) {
      if (objects.get(key) !== etag) return false;
      objects.set(key, String(body));
      return true;
    },
    async exists(key) {
      return objects.has(key);
    },
    async delete(key) {
      objects.delete(key);
    },
    async deleteAll(keys) {
      for (const key of keys) objects.delete(key);
    },
    async *list(prefix) {
      for (const key of under(prefix)) yield { key, size: 1, modified: 0 };
    },
    async *folders(prefix) {
      const rest = under(prefix).map((key) => key.slice(prefix.length));
      yield* new Set(rest.filter((key) => key.includes('/')).map((key) => key.split('/', 1)[0] as string));
    },
    close() {},
  };
}

function addRun(store: MemoryStore, flow: string, run: string): void {
  const record: RunRecord = {
    version: 1,
    flow,
    run,
    created: 1,
    user: 'u',
    tags: [],
    system_tags: [],
    start: 'start',
    end: 'start',
    bundle: 'x',
  };
  const task: TaskRecord = {
    version: 1,
    flow,
    run,
    step: 'start',
    task: 't',
    attempt: 0,
    at: [],
    started: 1,
    ended: 2,
    ok: true,
    objects: { a: 'x' },
    info: {},
    metadata: [{ field_name: 'f', value: `${'a'.repeat(60)}!`, type: 'f', tags: [], ts_epoch: 1 }],
    parents: [],
    by: 'x',
  };
  store.objects.set(keys.run({ flow, run }), JSON.stringify(record));
  store.objects.set(keys.commit({ flow, run, step: 'start', task: 't' }), JSON.stringify(task));
}
