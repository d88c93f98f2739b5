import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { casesOf, Random, repeatWith, SEED } from '../fuzz/random.ts';
import { deployFlow, flowFile, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { startTwin, TWIN_AUTH, TWIN_SECRET, type Twin } from '../support/twin.ts';
import { assertNoInternals, basic, exchange, type RawAnswer } from './raw.ts';

/** Of all requests together; what is left of them then is left out. */
const TIME_MS = 15_000 * Number(process.env.FUZZ_ROUNDS ?? 1);
const AT_ONCE = 8;
const GROWTH_MAX_MB = 250;

const FLOW = `flow: AmidstHostilesFlow
outputs: [squares]
steps:
  - step: start
    run: self.numbers = list(range(12))
  - foreach: numbers
    as: number
    concurrency: 3
    steps:
      - step: square
        run: self.squared = self.number ** 2
    join:
      step: gather
      run: self.squares = [i.squared for i in inputs]
`;

const METHODS = [
  'GET',
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'TRACE',
];
const NO_METHODS = ['CONNECT', 'get', 'GE T', 'X'.repeat(99), '', 'PRI'];
const ODD = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2e%2e%2f',
  '..%2f',
  '%252e%252e%252f',
  '..\\',
  '%5c',
  '%00',
  '%0a',
  '%0d%0a',
  '%ff',
  '%',
  '%zz',
  '*',
  '~',
  '__proto__',
  'constructor',
  'toString',
  'x'.repeat(300),
  '9'.repeat(40),
  '-1',
  'NaN',
  '1e999',
  'null',
  '\xff',
  ';',
  '#',
  '?',
  '&=',
  '[]',
  '{}',
  '%F0%9F%92%A9',
  'etc/passwd',
  'root',
  '_',
  'guest',
  'whisk.system',
  'fuzz',
  'fuzz-1',
  'true',
  'false',
  ' ',
  '+',
  "'",
  '"',
  '<script>',
  '$x',
  '{{x}}',
];
const PATHS = [
  ['api', 'v1', 'namespaces'],
  ['api', 'v1', 'namespaces', '_', 'actions'],
  ['api', 'v1', 'namespaces', '_', 'actions', 'fuzz'],
  ['api', 'v1', 'namespaces', '_', 'actions', 'fuzz-package', 'fuzz'],
  ['api', 'v1', 'namespaces', 'guest', 'packages', 'fuzz-package'],
  ['api', 'v1', 'namespaces', '_', 'triggers', 'fuzz-trigger'],
  ['api', 'v1', 'namespaces', '_', 'rules', 'fuzz-rule'],
  ['api', 'v1', 'namespaces', '_', 'activations'],
  ['api', 'v1', 'namespaces', '_', 'activations', '0123456789abcdef0123456789abcdef', 'logs'],
  ['api', 'v1', 'namespaces', '_', 'limits'],
  ['api', 'v1', 'web', 'whisk.system', 'alarmsWeb', 'alarmWebAction'],
  ['flows'],
  ['flows', 'AmidstHostilesFlow', 'runs'],
  ['flows', 'AmidstHostilesFlow', 'runs', 'none', 'steps', 'start', 'tasks', 't', 'artifacts', 'numbers'],
  ['flows', 'AmidstHostilesFlow', 'runs', 'none', 'steps', 'square', 'filtered_tasks'],
  ['flows', 'AmidstHostilesFlow', 'runs', 'none', 'tag', 'mutate'],
  ['nuvopipe', 'metaflow', 'AmidstHostilesFlow'],
  ['_ministack', 'reset'],
];
const QUERIES = [
  'limit',
  'skip',
  'since',
  'upto',
  'count',
  'docs',
  'name',
  'code',
  'overwrite',
  'timeout',
  'result',
  'pattern',
  'metadata_field_name',
  'list-type',
  'prefix',
];
const HEADERS = [
  'Content-Type',
  'Content-Length',
  'Transfer-Encoding',
  'Expect',
  'Host',
  'Origin',
  'Connection',
  'Upgrade',
  'Accept',
  'X-Forwarded-Host',
  'Authorization',
  'Range',
  'Content-Encoding',
  'Cookie',
  'X-Amz-Content-Sha256',
];
const VALUES = [
  'application/json',
  'text/plain',
  '0',
  '1',
  '5',
  '-1',
  '99999999999',
  '0x5',
  'chunked',
  'identity',
  'chunked, chunked',
  '100-continue',
  '127.0.0.1',
  'localhost:80',
  'evil.example',
  'null',
  'close',
  'keep-alive',
  'upgrade',
  'websocket',
  'h2c',
  'Basic',
  'Basic Og==',
  'Bearer x',
  'gzip',
  'bytes=0-',
  ...ODD,
];
const KEYS = [
  'exec',
  'kind',
  'code',
  'parameters',
  'annotations',
  'key',
  'value',
  'limits',
  'timeout',
  'memory',
  'binding',
  'namespace',
  'name',
  'trigger',
  'action',
  'status',
  'version',
  'publish',
  'components',
  'tags_to_add',
  'tags_to_remove',
  '__proto__',
  'constructor',
  'toString',
  'delAnnotations',
  'triggerName',
  'lifecycleEvent',
  'authKey',
  'cron',
];

const authorization = { authorization: basic(TWIN_AUTH).slice('Authorization: '.length) };

describe('requests that nobody would make', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;
  let flow: Awaited<ReturnType<typeof flowFile>>;
  before(async () => {
    // Not the one that others share: it ends full of odd things.
    twin = await startTwin();
    flow = await flowFile(FLOW);
    await deployFlow(twin, flow.file);
  });
  after(async () => {
    await flow?.remove();
    await twin?.close();
  });

  it('are answered briefly and do not disturb a run', async () => {
    const secrets = [
      TWIN_AUTH.slice(TWIN_AUTH.indexOf(':') + 1),
      Buffer.from(TWIN_AUTH).toString('base64'),
      TWIN_SECRET,
      twin.home,
    ];
    const { platform } = twin;
    const ports = {
      whisk: twin.server.port,
      metadata: Number(new URL(platform.metadataUrl).port),
      s3: Number(new URL(platform.store.endpoint ?? '').port),
    };
    const kept = { object: 'of the user', entities: await entitiesOfOthers() };
    await twin.store.put('kept', kept.object);

    await put('actions/fuzz', { exec: { kind: 'nodejs:20', code: 'const main = (args) => args' } });
    await put('triggers/fuzz-trigger', {});
    await put('rules/fuzz-rule', { trigger: '/_/fuzz-trigger', action: '/_/fuzz' });

    const counts: Record<string, number> = {};
    const memoryBefore = process.memoryUsage().rss;
    const until = Date.now() + TIME_MS;
    const cases = casesOf(4_000);
    const worker = async () => {
      for (let number = cases.shift(); number !== undefined && Date.now() < until; number = cases.shift()) {
        const random = new Random(number);
        const server = random.pick(['whisk', 'whisk', 'metadata', 's3'] as const);
        const { bytes, whole } = madeRequest(random, server === 'whisk');
        const answer = await exchange(ports[server], bytes, true, !whole).catch((error: Error) => {
          throw new Error(`${server}: ${error.message}; ${repeatWith(number)}`);
        });
        assertFit(
          answer,
          server,
          secrets,
          `${server}; ${repeatWith(number)}: ${JSON.stringify(bytes.toString('latin1').slice(0, 500))}`,
        );
        const kind = `${server} ${answer.status === 0 ? 'closed' : answer.status}`;
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
    };
    const work = Promise.all(Array.from({ length: AT_ONCE }, worker));
    const runs = (async () => {
      const results = [];
      for (let n = 0; n < 3; n++)
        results.push((await invoke(twin, 'AmidstHostilesFlow', { run: `amidst-${n}`, wait: 60 })).result);
      return results;
    })();
    const [results] = await Promise.all([runs, work]);

    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const told = Object.entries(counts)
      .sort()
      .map(([kind, count]) => `${kind}: ${count}`);
    console.log(`      ${total} requests, FUZZ_SEED=${SEED}; ${told.join(', ')}`);
    for (const result of results) {
      assert.deepEqual(
        [result.status, (result.outputs as { squares: number[] }).squares],
        ['succeeded', Array.from({ length: 12 }, (_, n) => n ** 2)],
        JSON.stringify(result),
      );
    }
    assert.ok(total >= Math.min(casesOf(4_000).length, 300), `${total} requests alone`);
    const grownMb = (process.memoryUsage().rss - memoryBefore) / 2 ** 20;
    assert.ok(grownMb < GROWTH_MAX_MB, `${grownMb} MB more`);
    assert.equal(new TextDecoder().decode((await twin.store.get('kept'))?.body), kept.object);
    assert.deepEqual(await entitiesOfOthers(), kept.entities);
    assert.deepEqual(readdirSync(twin.home).sort(), ['s3', 's3.log', 'whisk']);
    assertNoInternals(await readFile(join(twin.home, 's3.log'), 'utf8'), [TWIN_SECRET], 'the log of the S3 server');
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  async function put(path: string, body: object): Promise<void> {
    const headers = { ...authorization, 'content-type': 'application/json' };
    const url = `${twin.server.url}/api/v1/namespaces/_/${path}`;
    const { status } = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(body) });
    assert.equal(status, 200, path);
  }

  /** What was there before, and what its deployment is: not what the requests made. */
  async function entitiesOfOthers(): Promise<unknown[]> {
    const lists = ['actions', 'packages'].map(async (collection) => {
      const answer = await fetch(`${twin.server.url}/api/v1/namespaces/_/${collection}?limit=200`, {
        headers: authorization,
      });
      return (await answer.json()) as { name: string; version: string }[];
    });
    return (await Promise.all(lists))
      .flat()
      .filter(({ name }) => name.includes('AmidstHostiles'))
      .map(({ name, version }) => `${name} ${version}`);
  }
});

function assertFit(answer: RawAnswer, server: string, secrets: string[], what: string): void {
  assertNoInternals(answer.text, secrets, what);
  // Of several in one connection each.
  for (const [, status] of answer.text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)) {
    assert.ok(Number(status) < 500 || (server === 's3' && status === '501'), `${what}: ${answer.text.slice(0, 500)}`);
  }
}

/** `whole`: with all that it says it has. The server is told of the others that no more will come. */
function madeRequest(random: Random, mayBeAuthorized: boolean): { bytes: Buffer; whole: boolean } {
  const regular = random.chance(0.5);
  const path = [...random.pick(PATHS)].map((part) => (random.chance(0.1) ? random.pick(ODD) : part));
  if (random.chance(0.2)) path.splice(random.below(path.length + 1), 0, random.pick(ODD));
  const query = Array.from(
    { length: random.chance(0.4) ? random.between(1, 3) : 0 },
    () => `${random.pick(QUERIES)}=${random.pick(ODD)}`,
  );
  const target = `${random.chance(0.95) ? '/' : random.pick(['', '//', 'http://127.0.0.1/', '\\'])}${path.join('/')}${query.length > 0 ? `?${query.join('&')}` : ''}`;
  const method = random.pick(regular || random.chance(0.9) ? METHODS : NO_METHODS);
  const body = random.chance(0.5) ? JSON.stringify(madeValue(random, 0)) : undefined;
  const lines = ['Host: 127.0.0.1', 'Connection: close', 'Content-Type: application/json'];
  if (mayBeAuthorized && random.chance(0.8)) lines.push(basic(TWIN_AUTH));
  if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  const encoded = target.replaceAll(' ', '%20');
  if (regular) return { bytes: requestOf(`${method} ${encoded} HTTP/1.1`, lines, body), whole: true };

  const kept = lines.filter(() => random.chance(0.95));
  for (let n = random.below(4); n > 0; n--) kept.push(`${random.pick(HEADERS)}: ${random.pick(VALUES)}`);
  if (random.chance(0.02)) kept.push(...Array.from({ length: 3_000 }, (_, n) => `X-${n}: y`));
  const version = random.chance(0.95) ? '1.1' : random.pick(['1.0', '1.2', '9.9', '1']);
  const first = `${method} ${random.chance(0.9) ? encoded : target} HTTP/${version}`;
  return { bytes: mutated(random, requestOf(first, kept, body)), whole: false };
}

function requestOf(first: string, lines: readonly string[], body = ''): Buffer {
  return Buffer.concat([Buffer.from([first, ...lines, '', ''].join('\r\n'), 'latin1'), Buffer.from(body)]);
}

function madeValue(random: Random, depth: number): unknown {
  const kind = random.below(depth > 4 ? 4 : 7);
  if (kind === 0) return random.pick(ODD);
  if (kind === 1) return random.pick([0, -1, 1.5, 1e308, 2 ** 53, null, true, false]);
  if (kind === 2)
    return random.pick([
      'nodejs:20',
      'python:3',
      'blackbox',
      'sequence',
      '/_/fuzz',
      '/_/fuzz-trigger',
      'inactive',
      'CREATE',
      '* * * * *',
    ]);
  if (kind === 3) return 'y'.repeat(random.below(2_000));
  if (kind === 4) return Array.from({ length: random.below(4) }, () => madeValue(random, depth + 1));
  const entries = Array.from({ length: random.below(6) }, () => [random.pick(KEYS), madeValue(random, depth + 1)]);
  return Object.fromEntries(entries);
}

/** Some bytes are changed, left out, doubled; some requests end too early. */
function mutated(random: Random, request: Buffer): Buffer {
  if (random.chance(0.3)) return request;
  let bytes = request;
  for (let n = random.between(1, 5); n > 0; n--) {
    const at = random.below(bytes.length + 1);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    const kind = random.below(5);
    if (kind === 0) bytes = Buffer.concat([before, Buffer.from([random.below(256)]), after.subarray(1)]);
    else if (kind === 1)
      bytes = Buffer.concat([
        before,
        Buffer.from(random.pick(['\r\n', '\0', '\n', ' ', ':', '\t', '"', '{', '[']), 'latin1'),
        after,
      ]);
    else if (kind === 2) bytes = Buffer.concat([before, after.subarray(random.below(20))]);
    else if (kind === 3) bytes = Buffer.concat([before, after.subarray(0, 50), after]);
    else if (random.chance(0.3)) bytes = before;
  }
  return bytes.length === 0 ? request : bytes;
}
