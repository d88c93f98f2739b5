import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { AUTH, Harness, until } from '../twin/openwhisk/harness.ts';
import { assertNoInternals, assertRefused, basic, exchange, type RequestParts, request } from './raw.ts';

const KEY = AUTH.slice(AUTH.indexOf(':') + 1);
const JSON_TYPE = 'Content-Type: application/json';
const ACTIONS = '/api/v1/namespaces/_/actions';

describe('hostile requests to the OpenWhisk API', () => {
  let harness: Harness;
  let port: number;
  let secrets: string[];
  /** Sent before all else: what never ends is looked at last. */
  let unfinished: Unfinished[];

  before(async () => {
    harness = await Harness.start();
    port = harness.whisk.port;
    secrets = [KEY, Buffer.from(AUTH).toString('base64'), harness.stateDir, process.cwd()];
    unfinished = [
      ...Array.from({ length: 100 }, () => new Unfinished(port, '')),
      ...Array.from({ length: 20 }, () => new Unfinished(port, 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ')),
    ];
    await harness.put('good', 'const main = ({ n }) => ({ n })');
  });
  after(async () => {
    for (const each of unfinished ?? []) each.socket.destroy();
    await harness?.stop();
  });
  afterEach(async () => {
    assert.deepEqual(await harness.result('good', { n: 1 }), { n: 1 }, 'the server still works');
  });

  const send = (parts: RequestParts) => exchange(port, request(parts));
  const authorized = (parts: RequestParts) =>
    send({
      ...parts,
      headers: [basic(AUTH), ...(parts.body === undefined ? [] : [JSON_TYPE]), ...(parts.headers ?? [])],
    });

  describe('authorization', () => {
    const wrong: [name: string, headers: string[]][] = [
      ['none', []],
      ['empty', ['Authorization:']],
      ['no credentials', ['Authorization: Basic']],
      ['another scheme', [`Authorization: Bearer ${KEY}`]],
      ['not base64', [`Authorization: Basic ${AUTH}`]],
      ['the key alone', [basic(KEY)]],
      ['the key and more', [basic(`${AUTH}x`)]],
      ['the key but its end', [basic(AUTH.slice(0, -1))]],
      ['another key', [basic(`${AUTH.slice(0, -1)}?`)]],
      ['a key with a NUL', [basic(`${AUTH}\0`)]],
      ['bytes', ['Authorization: Basic \xff\xfe\xfd']],
      ['a wrong one before the right one', [basic('a:b'), basic(AUTH)]],
      ['a prototype for a key', [basic('__proto__:constructor')]],
      ['8 kB', [basic('x'.repeat(6000))]],
      ['64 kB', [basic('x'.repeat(48_000))]],
      ['in another header', [`X-Authorization: Basic ${Buffer.from(AUTH).toString('base64')}`]],
    ];
    for (const [name, headers] of wrong) {
      it(`${name}: nothing is said or done`, async () => {
        for (const [method, target, body] of [
          ['GET', ACTIONS],
          ['GET', `${ACTIONS}/good`],
          ['GET', '/api/v1/namespaces/_/activations?docs=true'],
          ['PUT', `${ACTIONS}/intruder`, '{"exec":{"kind":"nodejs:20","code":"1"}}'],
          ['POST', `${ACTIONS}/good?blocking=true`, '{}'],
          ['DELETE', `${ACTIONS}/good`],
        ] as const) {
          const answer = await send({ method, target, headers: [...headers, JSON_TYPE], ...(body && { body }) });
          assertRefused(answer, secrets, `${method} ${target}`);
          assert.ok([401, 431].includes(answer.status), answer.text);
        }
      });
    }

    it('is asked for before a body is read', async () => {
      const answer = await send({
        method: 'PUT',
        target: `${ACTIONS}/x`,
        headers: [JSON_TYPE, 'Content-Length: 1000000000'],
        body: '',
      });
      assert.equal(answer.status, 401);
    });
  });

  describe('pages of a browser', () => {
    const foreign = [
      'evil.example',
      'evil.example:80',
      '127.0.0.1.evil.example',
      'localhost.evil',
      '2130706433',
      '0',
      '',
    ];
    for (const host of foreign) {
      it(`rejects a Host other than loopback ("${host}"), even with a key`, async () => {
        for (const target of ['/', '/api/v1', ACTIONS]) {
          const answer = await authorized({ target, headers: [`Host: ${host}`] });
          assertRefused(answer, secrets, target);
          assert.equal(answer.status, 403, answer.text);
          assert.equal(answer.headers['access-control-allow-origin'], undefined);
        }
      });
    }

    it('rejects requests and preflights from another Origin', async () => {
      for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example', 'file://']) {
        for (const method of ['GET', 'POST', 'OPTIONS']) {
          const answer = await authorized({
            method,
            target: `${ACTIONS}/good`,
            headers: [`Origin: ${origin}`, 'Access-Control-Request-Method: PUT'],
          });
          assert.equal(answer.status, 403, answer.text);
          assert.equal(answer.headers['access-control-allow-origin'], undefined);
        }
      }
    });

    it('clients and pages of this machine do', async () => {
      for (const host of ['127.0.0.1', `127.0.0.1:${port}`, 'localhost', 'LOCALHOST:1234', '[::1]:8080']) {
        assert.equal((await authorized({ target: ACTIONS, headers: [`Host: ${host}`] })).status, 200, host);
      }
      const page = await authorized({ target: ACTIONS, headers: ['Origin: http://localhost:3000'] });
      assert.deepEqual([page.status, page.headers['access-control-allow-origin']], [200, '*']);
    });
  });

  describe('requests that two servers could read in two ways', () => {
    const smuggled = `GET ${ACTIONS}/good HTTP/1.1\r\nHost: 127.0.0.1\r\n${basic(AUTH)}\r\n\r\n`;
    const post = (headers: string, body: string) =>
      `POST ${ACTIONS}/good HTTP/1.1\r\nHost: 127.0.0.1\r\n${basic(AUTH)}\r\n${JSON_TYPE}\r\n${headers}\r\n\r\n${body}`;
    const cases: [name: string, text: string][] = [
      ['a length and chunks', post('Content-Length: 4\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`)],
      ['chunks and a length', post('Transfer-Encoding: chunked\r\nContent-Length: 4', `0\r\n\r\n${smuggled}`)],
      ['two lengths', post('Content-Length: 2\r\nContent-Length: 200', `{}${smuggled}`)],
      ['two lengths in one', post('Content-Length: 2, 200', `{}${smuggled}`)],
      ['a length with a sign', post('Content-Length: +2', `{}${smuggled}`)],
      ['a negative length', post('Content-Length: -1', `{}${smuggled}`)],
      ['a length in hexadecimal', post('Content-Length: 0x2', `{}${smuggled}`)],
      ['a length of 30 digits', post(`Content-Length: ${'9'.repeat(30)}`, '{}')],
      ['an encoding that is none', post('Transfer-Encoding: xchunked', `0\r\n\r\n${smuggled}`)],
      ['chunked twice', post('Transfer-Encoding: chunked, identity', `0\r\n\r\n${smuggled}`)],
      ['a header with a space before its colon', post('Transfer-Encoding : chunked', `0\r\n\r\n${smuggled}`)],
      ['a folded header', post('X-A: 1\r\n Content-Length: 2', `{}${smuggled}`)],
      ['a header without a colon', post('Transfer-Encoding', `{}${smuggled}`)],
      ['a bare line feed in a header', post('X-A: 1\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`)],
      ['a bare carriage return in a header', post('X-A: 1\rTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`)],
      ['a NUL in a header', post('X-A: 1\0', '')],
      ['a chunk size that is none', post('Transfer-Encoding: chunked', `zz\r\n{}\r\n0\r\n\r\n${smuggled}`)],
      ['a chunk size of 20 digits', post('Transfer-Encoding: chunked', `${'f'.repeat(20)}\r\n{}\r\n0\r\n\r\n`)],
      ['a negative chunk size', post('Transfer-Encoding: chunked', `-2\r\n{}\r\n0\r\n\r\n${smuggled}`)],
      ['a chunk longer than it says', post('Transfer-Encoding: chunked', `1\r\n{}\r\n0\r\n\r\n${smuggled}`)],
      ['a version that is none', `GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n`],
      ['no version', 'GET /\r\n\r\n'],
      ['no Host', `GET / HTTP/1.1\r\n${basic(AUTH)}\r\n\r\n`],
      ['two Hosts', `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n`],
      ['a method that is none', `GE\0T / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`],
      ['a tunnel', `CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`],
      ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      [
        '2,000 headers',
        `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${'X-A: 1\r\n'.repeat(2_000)}X-B: ${'y'.repeat(9_000)}\r\n\r\n`,
      ],
      ['a header of 1 MB', `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ${'y'.repeat(1_000_000)}\r\n\r\n`],
      ['a path of 1 MB', `GET /${'y'.repeat(1_000_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`],
    ];
    for (const [name, text] of cases) {
      it(`${name}: rejects the request and closes the connection`, async () => {
        const answer = await exchange(port, Buffer.from(text, 'latin1'), true);
        assertNoInternals(answer.text, secrets, name);
        assert.ok(!answer.text.includes('"exec"'), 'the smuggled request was answered');
        const statuses = [...answer.text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
        assert.ok(
          statuses.every((status) => status >= 400 && status < 500),
          `${name}: ${answer.text.slice(0, 300)}`,
        );
      });
    }
  });

  describe('bodies', () => {
    it('of 1 GB that are only announced are refused at once', async () => {
      const answer = await authorized({
        method: 'PUT',
        target: `${ACTIONS}/x`,
        headers: ['Content-Length: 1000000000'],
        body: '{',
      });
      // As OpenWhisk's HTTP library answers.
      assert.equal(answer.status, 500);
      assertNoInternals(answer.text, secrets, 'the answer');
    });

    it('of 64 MB in chunks are refused, and not kept', async () => {
      const before = process.memoryUsage().rss;
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.write(
        `PUT ${ACTIONS}/x HTTP/1.1\r\nHost: 127.0.0.1\r\n${basic(AUTH)}\r\n${JSON_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(1 << 20, ' '), Buffer.from('\r\n')]);
      for (let sent = 0; sent < 64 && !socket.destroyed; sent++) {
        await new Promise((resolve) => socket.write(chunk, resolve));
      }
      socket.write('0\r\n\r\n');
      await until(() => answer !== '' || socket.destroyed, 30_000);
      socket.destroy();
      assert.match(answer, /^HTTP\/1\.1 500 /);
      const grownMb = (process.memoryUsage().rss - before) / 2 ** 20;
      assert.ok(grownMb < 200, `${grownMb} MB more`);
    });

    it('of another type than JSON, or of an encoding', async () => {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json-patch+json', '\0', '']) {
        const headers = [basic(AUTH), `Content-Type: ${type}`];
        assertRefused(await send({ method: 'POST', target: `${ACTIONS}/good`, headers, body: '{}' }), secrets, type);
      }
    });

    const JSONS: [name: string, body: string | Buffer][] = [
      ['nothing of an object', '{'],
      ['an object and more', '{} {}'],
      ['a list', '[1]'],
      ['a number', '1'],
      ['a string', '"x"'],
      ['null', 'null'],
      ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x80, 0x7d])],
      ['a NUL', '{"a":\0}'],
      ['100,000 lists', '['.repeat(100_000)],
      ['1,000,000 lists, closed', '['.repeat(500_000) + ']'.repeat(500_000)],
      ['100,000 objects', '{"a":'.repeat(100_000)],
      ['lists in an argument, deeper than OpenWhisk reads', `{"a":${'['.repeat(1001)}${']'.repeat(1001)}}`],
      ['an unfinished string of 500 kB', `{"a":"${'x'.repeat(500_000)}`],
      ['a line break in a string', '{"a":"\n"}'],
      ['half an escape', '{"a":"\\u12"}'],
      ['a number of letters', '{"a":1e}'],
      ['NaN', '{"a":NaN}'],
      ['lines', '\n'.repeat(900_000)],
      ['1.5 MB of an argument', `{"a":"${'x'.repeat(1_500_000)}"}`],
    ];
    for (const [name, body] of JSONS) {
      it(`${name} for arguments`, async () => {
        const answer = await authorized({ method: 'POST', target: `${ACTIONS}/good?blocking=true`, body });
        assertRefused(answer, secrets, name);
        assert.ok([400, 413].includes(answer.status), answer.text.slice(0, 300));
        assert.ok(answer.text.length < 5_000, `${answer.text.length} characters of an answer`);
      });
    }

    it('names of prototypes are names like others', async () => {
      await harness.put('echo', 'const main = (args) => ({ seen: Object.keys(args).sort(), polluted: ({}).polluted })');
      const body = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":1,"a":2,"toString":3}';
      const answer = await authorized({ method: 'POST', target: `${ACTIONS}/echo?blocking=true&result=true`, body });
      assert.deepEqual(JSON.parse(answer.body).seen, ['__proto__', 'a', 'constructor', 'toString']);
      assert.equal(JSON.parse(answer.body).polluted, undefined);
      assert.equal(({} as { polluted?: number }).polluted, undefined);
      const final = { annotations: [{ key: 'final', value: true }], parameters: [{ key: 'n', value: 1 }] };
      await harness.put('final', 'const main = (args) => args', final);
      assert.equal((await harness.invoke('final', { constructor: 1 })).status, 200);
      assert.equal((await harness.invoke('final', { n: 1 })).status, 400);
    });

    it('numbers of any size', async () => {
      await harness.put('echo', 'const main = (args) => args');
      const body = `{"a":1e999,"b":-1e999,"c":${'9'.repeat(400)},"d":1e-999,"e":0.${'0'.repeat(1000)}1}`;
      const answer = await authorized({ method: 'POST', target: `${ACTIONS}/echo?blocking=true&result=true`, body });
      assert.equal(answer.status, 200, answer.text);
    });

    const ODD_VALUES = [
      'null',
      '1',
      '-1',
      '1e999',
      '""',
      '"\\u0000"',
      '"__proto__"',
      '"constructor"',
      '"constructor:default"',
      '[]',
      '[[]]',
      '{}',
      '{"toString":1,"valueOf":1}',
      '{"__proto__":{"toString":1}}',
      'true',
      '"../../etc/passwd"',
      '"/_/good"',
      `"${'x'.repeat(300)}"`,
      '"\\ud800"',
      '[null]',
      '[{"key":"a"}]',
      '[{"key":"__proto__","value":1}]',
      '{"path":{"toString":1},"name":[]}',
    ];
    const FIELDS: [collection: string, fields: string[]][] = [
      ['actions', ['exec', 'parameters', 'annotations', 'limits', 'version', 'publish', 'delAnnotations']],
      ['packages', ['binding', 'parameters', 'annotations', 'version', 'publish']],
      ['triggers', ['parameters', 'annotations', 'version', 'publish', 'status']],
      ['rules', ['trigger', 'action', 'annotations', 'status']],
    ];
    for (const [collection, fields] of FIELDS) {
      it(`${collection} with any value in any field`, async function () {
        this.timeout(60_000);
        for (const field of fields) {
          for (const value of ODD_VALUES) {
            const rest = collection === 'actions' && field !== 'exec' ? '"exec":{"kind":"nodejs:20","code":"1"},' : '';
            // Twice: what is there already is looked at by what comes after.
            for (const target of [`odd-${field}`, `odd-${field}`]) {
              const path = `/api/v1/namespaces/_/${collection}/${collection}-${target}`;
              const body = `{${rest}"${field}":${value}}`;
              const answer = await authorized({ method: 'PUT', target: `${path}?overwrite=true`, body });
              if (answer.status !== 200) assertRefused(answer, secrets, `${collection} ${body}`);
            }
          }
        }
        if (collection !== 'rules') return;
        await authorized({ method: 'PUT', target: '/api/v1/namespaces/_/triggers/t', body: '{}' });
        await authorized({
          method: 'PUT',
          target: '/api/v1/namespaces/_/rules/r',
          body: '{"trigger":"/_/t","action":"/_/good"}',
        });
        for (const value of ODD_VALUES) {
          const body = `{"status":${value}}`;
          assertRefused(
            await authorized({ method: 'POST', target: '/api/v1/namespaces/_/rules/r', body }),
            secrets,
            body,
          );
        }
      });
    }

    it('code with any value in any field, deployed and invoked', async function () {
      this.timeout(60_000);
      for (const field of ['kind', 'code', 'main', 'image', 'components', 'binary']) {
        for (const value of ODD_VALUES) {
          for (const kind of ['nodejs:20', 'blackbox', 'sequence']) {
            const rest = { kind: `"${kind}"`, code: '"1"', image: '"x"', [field]: value };
            const body = `{"exec":{${Object.entries(rest).map(([name, text]) => `"${name}":${text}`)}}}`;
            const answer = await authorized({ method: 'PUT', target: `${ACTIONS}/odd-code?overwrite=true`, body });
            if (answer.status !== 200) assertRefused(answer, secrets, body);
            else if (kind !== 'nodejs:20') {
              const invoked = await authorized({
                method: 'POST',
                target: `${ACTIONS}/odd-code?blocking=true`,
                body: '{}',
              });
              assert.ok([200, 502].includes(invoked.status), `${body}: ${invoked.text}`);
              assertNoInternals(invoked.text, secrets, body);
            }
          }
        }
      }
      await harness.call('DELETE', '_/actions/odd-code');
    });

    it('an image with a name of a prototype does not keep the server from starting again', async () => {
      const other = await Harness.start();
      try {
        for (const image of ['constructor', '__proto__', 'toString']) {
          const exec = { kind: 'blackbox', image, code: 'x' };
          assert.equal((await other.call('PUT', `_/actions/image-${image}`, { exec })).status, 200);
        }
        await other.restart();
        assert.equal((await other.invoke('image-constructor')).status, 502);
      } finally {
        await other.stop();
      }
    });

    it('the alarms’ web action checks the key first', async () => {
      const other = await Harness.start({ alarms: {} });
      try {
        const target = '/api/v1/web/whisk.system/alarmsWeb/alarmWebAction';
        const bodies = [
          '{}',
          '[]',
          '{',
          '{"triggerName":"t","lifecycleEvent":"CREATE","cron":{"toString":1}}',
          '{"triggerName":"t","lifecycleEvent":"CREATE","cron":"* * * * *"}',
          '{"triggerName":"../x","lifecycleEvent":"DELETE","authKey":"x"}',
          '{"triggerName":"t","lifecycleEvent":"CREATE","minutes":1,"isInterval":true,"startDate":{"toString":1}}',
          '{"triggerName":"t","lifecycleEvent":"CREATE","fireOnce":true,"date":[{"a":1}]}',
          `{"triggerName":"t","lifecycleEvent":"CREATE","cron":"${'*/1,'.repeat(100_000)}* * * * *"}`,
          `{"triggerName":"${'x'.repeat(1_500_000)}"}`,
          `{"a":${'['.repeat(200_000)}`,
        ];
        for (const body of bodies) {
          const sent = request({ method: 'POST', target, headers: [JSON_TYPE], body });
          assertRefused(await exchange(other.whisk.port, sent), [...secrets, other.stateDir], body.slice(0, 100));
        }
        const huge = request({ method: 'POST', target, headers: ['Content-Length: 40000000'], body: '{' });
        assertRefused(await exchange(other.whisk.port, huge), secrets, 'a body of 40 MB');
      } finally {
        await other.stop();
      }
    });
  });

  describe('paths and names', () => {
    const TRICKS = [
      '..',
      '.',
      '../..',
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e%2f%2e%2e%2f',
      '%2e%2e/%2e%2e',
      '%252e%252e%252f',
      '..\\..\\x',
      '%5c..%5c',
      '%00',
      'good%00.json',
      'good%0d%0aX-Injected:%201',
      '%ff%fe',
      '%',
      '%zz',
      '%c0%ae%c0%ae/',
      '__proto__%2f..',
      '~root',
      ' ',
      '%20',
      '-x',
      'a%20',
      'x'.repeat(257),
      'x'.repeat(8_000),
      `a/${'b/'.repeat(3_000)}`,
      'a/b/c/d',
      '%2e%2e;/x',
      '/etc/passwd',
      '//evil.example/x',
      'good;jsessionid=1',
      'good%3fcode=true',
      '%E2%80%AE',
      '\xff\xfe',
      'x%F0%9F%92%A9',
    ];
    it('rejects every invalid path for every name and method', async function () {
      this.timeout(60_000);
      let tried = 0;
      for (const trick of TRICKS) {
        for (const collection of ['actions', 'packages', 'triggers', 'rules', 'activations', 'limits']) {
          for (const target of [
            `_/${collection}/${trick}`,
            `${trick}/${collection}/good`,
            `_/${collection}/good/${trick}`,
          ]) {
            const method = ['GET', 'PUT', 'DELETE', 'POST'][tried++ % 4] as string;
            const answer = await authorized({
              method,
              target: `/api/v1/namespaces/${target}`,
              ...(method === 'PUT' && { body: '{"exec":{"kind":"nodejs:20","code":"1"}}' }),
            });
            assertNoInternals(answer.text, secrets, `${method} ${target}`);
            assert.ok(answer.status < 500, `${method} ${target}: ${answer.text}`);
            assert.equal(answer.headers['x-injected'], undefined);
          }
        }
      }
      assert.deepEqual(
        readdirSync(harness.stateDir).filter((name) => !/^(entities|code|activations\.jsonl)$/.test(name)),
        [],
      );
      for (const name of readdirSync(join(harness.stateDir, 'entities'))) assert.match(name, /^[0-9a-f]{40}\.json$/);
      assert.ok(!existsSync(join(harness.stateDir, '../x')));
    });

    it('names of prototypes are names like others', async () => {
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        for (const collection of ['actions', 'packages', 'triggers', 'rules', 'activations']) {
          assertRefused(await authorized({ target: `/api/v1/namespaces/_/${collection}/${name}` }), secrets, name);
        }
        assertRefused(await authorized({ target: `/api/v1/namespaces/${name}/actions/good` }), secrets, name);
        assertRefused(await authorized({ target: `/api/v1/namespaces/_/${name}` }), secrets, name);
        await harness.put(name, 'const main = () => ({ here: true })');
        assert.deepEqual(await harness.result(name), { here: true });
        await harness.call('DELETE', `_/actions/${name}`);
      }
    });

    it('rejects targets that are not paths', async () => {
      for (const target of [
        '*',
        'http://evil.example/',
        'http://127.0.0.1/api',
        'evil',
        '//',
        '///',
        '//[',
        '/\\',
        '?',
        '/?%',
        'http://[',
      ]) {
        for (const method of ['GET', 'OPTIONS', 'POST']) {
          const answer = await authorized({ method, target });
          assertNoInternals(answer.text, secrets, target);
          assert.ok(answer.status < 500, `${target}: ${answer.text}`);
        }
      }
    });

    it('queries of any value', async function () {
      this.timeout(60_000);
      const values = [
        '',
        '-1',
        '1e3',
        '1.5',
        '201',
        '9'.repeat(30),
        'NaN',
        '0x10',
        '%00',
        '__proto__',
        '%ff',
        '+',
        '[]',
        'x'.repeat(5_000),
        '1&limit=2',
      ];
      for (const name of ['limit', 'skip', 'since', 'upto', 'count', 'docs', 'name', '__proto__', 'constructor']) {
        for (const value of values) {
          const answer = await authorized({ target: `/api/v1/namespaces/_/activations?${name}=${value}` });
          assertNoInternals(answer.text, secrets, `${name}=${value}`);
          assert.ok(answer.status < 500, `${name}=${value}: ${answer.text}`);
        }
      }
      for (const name of ['timeout', 'blocking', 'result', 'overwrite', 'code']) {
        for (const value of values) {
          const answer = await authorized({ method: 'GET', target: `${ACTIONS}/good?${name}=${value}` });
          assert.ok(answer.status < 500, `${name}=${value}: ${answer.text}`);
        }
      }
      const { body } = await harness.call('GET', '_/activations?skip=999999999&limit=200');
      assert.deepEqual(body, []);
    });
  });

  it('cyclic sequences, created by changing a binding, end', async () => {
    const bind = (name: string) =>
      harness.call('PUT', '_/packages/bound?overwrite=true', { binding: { namespace: '_', name } });
    await harness.call('PUT', '_/packages/plain', {});
    await harness.call('PUT', '_/packages/turning', {});
    await harness.put('plain/x', 'const main = (args) => args');
    await bind('plain');
    await harness.sequence('circle', ['bound/x']);
    await harness.sequence('turning/x', ['circle']);
    await bind('turning');
    const refused = await harness.sequence('around', ['circle']);
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    const { status } = await harness.invoke('circle');
    assert.ok([500, 502].includes(status));
  });

  it('connections that never say a whole request are closed within seconds', async function () {
    this.timeout(60_000);
    await until(() => unfinished.every((each) => each.closed), 30_000);
    for (const { text } of unfinished) assert.match(text, /^(HTTP\/1\.1 408 |$)/);
  });
});

/** A connection that begins a request and says no more. */
class Unfinished {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(port: number, beginning: string) {
    this.socket = connect(port, '127.0.0.1', () => this.socket.write(beginning));
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk) => {
      this.text += chunk;
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
  }
}
