import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { type Body, Harness, until, zip } from '../twin/openwhisk/harness.ts';
import { assertNoInternals } from './raw.ts';

/** Of a directory's entry in an archive: a symbolic link's mode, as Unix has it, in the upper half. */
const SYMLINK_ATTRS = 0o120777 << 16;
const INDEX = 'exports.main = () => ({ fine: true })';
const MAIN = 'def main(args):\n    return {"fine": True}\n';

describe('hostile code of actions', () => {
  let harness: Harness;
  before(async () => {
    harness = await Harness.start();
    await harness.put('good', 'const main = ({ n }) => ({ n })');
  });
  after(() => harness?.stop());
  afterEach(async () => {
    assert.deepEqual(await harness.result('good', { n: 1 }), { n: 1 }, 'the server still works');
    assert.deepEqual(strangers(), [], 'nothing lies where it should not');
    await until(() => harness.whisk.containers().busy === 0);
  });

  /** What lies in or around the state's folder that the server did not put there itself. */
  function strangers(): string[] {
    const own = /^(entities|code|activations\.jsonl)$/;
    const around = readdirSync(dirname(harness.stateDir)).filter((name) => name.startsWith('slipped'));
    const code = join(harness.stateDir, 'code');
    const unpacked = existsSync(code) ? readdirSync(code).filter((name) => !/^[0-9a-f]{32}$/.test(name)) : [];
    return [...around, ...readdirSync(harness.stateDir).filter((name) => !own.test(name)), ...unpacked];
  }

  async function run(name: string, kind: 'node' | 'python', code: string): Promise<Body> {
    const put = kind === 'node' ? harness.put(name, code) : harness.python(name, code);
    assert.equal((await put).status, 200);
    const { status, body } = await harness.invoke(name);
    assertNoInternals(JSON.stringify(body.response ?? body), [harness.stateDir], name);
    assert.ok([200, 502].includes(status), JSON.stringify(body));
    return body.response;
  }

  const slips = [
    '../slipped',
    '../../slipped',
    'a/../../../slipped',
    '/tmp/slipped',
    '..\\slipped',
    'C:\\slipped',
    './../slipped',
    '//slipped',
    '..',
  ];
  for (const kind of ['node', 'python'] as const) {
    it(`ignores entries that lead out of an archive (${kind})`, async () => {
      const files = Object.fromEntries(slips.map((name) => [name, 'x']));
      const code = zip({ 'index.js': INDEX, '__main__.py': MAIN, ...files });
      assert.deepEqual((await run(`slips-${kind}`, kind, code)).result, { fine: true });
    });

    it(`a symbolic link is a file of its text (${kind})`, async () => {
      const bytes = zipSync({
        'index.js': Buffer.from(INDEX),
        '__main__.py': Buffer.from(MAIN),
        link: [Buffer.from('/etc/passwd'), { os: 3, attrs: SYMLINK_ATTRS }],
        'link/slipped': Buffer.from('x'),
      });
      await run(`link-${kind}`, kind, Buffer.from(bytes).toString('base64'));
      for (const entry of readdirSync(join(harness.stateDir, 'code'), { recursive: true, encoding: 'utf8' })) {
        assert.ok(!lstatSync(join(harness.stateDir, 'code', entry)).isSymbolicLink(), entry);
      }
    });

    const own = { 'index.js': INDEX, '__main__.py': MAIN };
    const archives: [name: string, code: () => string][] = [
      ['names that no file can have', () => zip({ ...own, 'a\0b': 'x' })],
      ['a name that is too long', () => zip({ ...own, ['x'.repeat(300)]: 'x' })],
      ['a path that is too long', () => zip({ ...own, [`${'x/'.repeat(5_000)}x`]: 'x' })],
      ['a file where a folder should be', () => zip({ ...own, a: 'x', 'a/b': 'x' })],
      ['a folder where a file should be', () => zip({ ...own, 'a/b': 'x', a: 'x' })],
      ['an entry without a name', () => zip({ ...own, '.': 'x' })],
      ['half an archive', () => halfOf(zip(own))],
      [
        'bytes after its beginning',
        () => Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(999, 7)]).toString('base64'),
      ],
      ['nothing but its beginning', () => Buffer.from('PK\x03\x04PK').toString('base64')],
      ['an archive whose index lies about sizes', () => lying(zip(own))],
      ['a bomb of 1 GB', () => bomb(1, 32, 2 ** 30)],
      ['a bomb of 100 times 32 MB', () => bomb(100, 32)],
      ['65,535 entries that are one', () => manyEntries(65_535)],
    ];
    for (const [name, code] of archives) {
      it(`${name} (${kind})`, async function () {
        this.timeout(60_000);
        const text = code();
        const before = process.memoryUsage().rss;
        const response = await run(`archive-${kind}`, kind, text);
        assert.equal(response.status, 'action developer error', JSON.stringify(response));
        const grownMb = (process.memoryUsage().rss - before) / 2 ** 20;
        assert.ok(grownMb < 400, `${grownMb} MB more`);
      });
    }
  }

  it('truncates a zip bomb that declares a small size', async () => {
    const before = process.memoryUsage().rss;
    await run('small-bomb', 'node', bomb(1, 128, 10));
    const grownMb = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(grownMb < 100, `${grownMb} MB more`);
  });

  it('code of more than 48 MB is refused', async () => {
    const { status, body } = await harness.put('huge', 'x'.repeat(48 * 1024 * 1024 + 1));
    assert.equal(status, 413);
    assert.match(body.error, /^exec larger than allowed/);
  });

  it('names of prototypes in an archive are names like others', async () => {
    const code = zip({ 'index.js': INDEX, constructor: 'x', toString: 'x', 'hasOwnProperty/a': 'x' });
    assert.deepEqual((await run('prototypes', 'node', code)).result, { fine: true });
  });

  const answers: [name: string, line: string][] = [
    ['no JSON', 'x'],
    ['nothing', ''],
    ['a status alone', '200'],
    ['a status that is none', 'abc {}'],
    ['null', 'null'],
    ['a list in a list, half a million times', `200 ${'['.repeat(400_000)}${']'.repeat(400_000)}`],
    ['an object in an object, 5,000 times', `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`],
    ['a prototype', '200 {"__proto__":{"polluted":1}}'],
    ['a prototype as an error', '200 {"error":{"__proto__":{"polluted":1},"toString":1}}'],
    ['bytes', '200 {"a":"\xff\xfe"}'],
  ];
  for (const [name, line] of answers) {
    it(`a container that answers ${name}, before it is asked and instead of its answer`, async () => {
      const text = JSON.stringify(line);
      const python = `import os, json\ntext = json.loads(${JSON.stringify(text)}).encode("latin-1") + b"\\n"\n`;
      const node = `require('fs').writeSync(3, Buffer.from(${text} + '\\n', 'latin1'));`;
      await run('python-early', 'python', `${python}os.write(3, text)\n${MAIN}`);
      await run('python-instead', 'python', `${python}def main(args):\n    os.write(3, text)\n    return {}\n`);
      await run('node-early', 'node', `${node} const main = () => ({})`);
      await run('node-instead', 'node', `const main = () => { ${node} return {} }`);
      assert.equal(({} as { polluted?: number }).polluted, undefined);
      assert.equal((await harness.call('GET', '_/activations?docs=true&limit=10')).status, 200);
    });
  }

  it('a container that answers wrongly while it starts is ended', async () => {
    const code =
      'import os, time\nprint("pid", os.getpid(), flush=True)\nos.write(3, b"x\\n")\ntime.sleep(600)\ndef main(args):\n    return {}\n';
    await harness.python('wrong-start', code);
    const { body } = await harness.invoke('wrong-start');
    const record = await harness.activation(body.activationId);
    const pid = Number(/pid (\d+)/.exec(record.logs.join('\n'))?.[1]);
    assert.ok(pid > 0, JSON.stringify(record.logs));
    await until(() => !existsSync(`/proc/${pid}`));
  });

  it('disconnects user code that connects to the containers’ socket', async () => {
    const code = `import glob, socket, tempfile
def main(args):
    ended = []
    for address in glob.glob(tempfile.gettempdir() + "/nuvopipe-*/s"):
        for text in (b"x" * 1000000, b"none 9 1\\n", b"__proto__ 0 -1\\n", b"\\xff\\xfe\\n", b"\\n"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(20)
                try:
                    connection.connect(address)
                    connection.sendall(text)
                    ended.append(connection.recv(1) == b"")
                except ConnectionError:
                    ended.append(True)
    return {"ended": ended}
`;
    // Of all sockets of this machine it is to find its own server's.
    const { TMPDIR } = process.env;
    process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'hostile-'));
    const other = await Harness.start();
    try {
      await other.python('socket', code);
      assert.deepEqual(await other.result('socket'), { ended: [true, true, true, true, true] });
      await other.python('after', MAIN);
      assert.deepEqual(await other.result('after'), { fine: true });
    } finally {
      await other.stop();
      rmSync(process.env.TMPDIR, { recursive: true, force: true });
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  });

  it('environment variables that no process can have', async () => {
    const parameters = ['', 'A=B', 'A\0B', '__OW_API_KEY', '__proto__', 'LD_PRELOAD'].map((key) => ({
      key,
      value: 'x\0y',
      init: true,
    }));
    for (const kind of ['nodejs:20', 'python:3.11']) {
      const code = kind === 'nodejs:20' ? 'const main = () => ({})' : MAIN;
      await harness.put('variables', code, { kind, parameters });
      const { status, body } = await harness.invoke('variables');
      assert.ok([200, 502].includes(status), JSON.stringify(body));
    }
  });
});

function halfOf(code: string): string {
  const bytes = Buffer.from(code, 'base64');
  return bytes.subarray(0, bytes.length / 2).toString('base64');
}

/** The sizes of every entry of the index are made larger than the archive. */
function lying(code: string): string {
  const bytes = Buffer.from(code, 'base64');
  for (let at = bytes.indexOf('PK\x01\x02'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 4))
    bytes.writeUInt32LE(0x7fff0000, at + 24);
  return bytes.toString('base64');
}

interface Entry {
  readonly name: string;
  readonly data: Buffer;
  readonly sizeBytes: number;
  /** Where its data is, when it is another's. */
  readonly sharedAt?: number;
}

/** An archive with an index that says what it is told to. */
function archive(entries: readonly Entry[]): string {
  const parts: Buffer[] = [];
  const index: Buffer[] = [];
  let offset = 0;
  for (const { name, data, sizeBytes, sharedAt } of entries) {
    const at = sharedAt ?? offset;
    const local = Buffer.alloc(30);
    local.write('PK\x03\x04', 'latin1');
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(sizeBytes, 22);
    local.writeUInt16LE(name.length, 26);
    if (sharedAt === undefined) {
      parts.push(local, Buffer.from(name), data);
      offset += 30 + name.length + data.length;
    }
    const central = Buffer.alloc(46);
    central.write('PK\x01\x02', 'latin1');
    central.writeUInt16LE(8, 10);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt32LE(sizeBytes, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(at, 42);
    index.push(central, Buffer.from(name));
  }
  const indexBytes = Buffer.concat(index);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(indexBytes.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, indexBytes, end]).toString('base64');
}

const deflated = new Map<number, Buffer>();

function zeros(mb: number): Buffer {
  let data = deflated.get(mb);
  if (data === undefined) {
    data = deflateRawSync(Buffer.alloc(mb * 2 ** 20));
    deflated.set(mb, data);
  }
  return data;
}

function bomb(files: number, mbEach: number, saidBytes = mbEach * 2 ** 20): string {
  const data = zeros(mbEach);
  const main = { name: 'index.js', data: deflateRawSync(Buffer.from(INDEX)), sizeBytes: INDEX.length };
  const large = Array.from(
    { length: files },
    (_, i): Entry => ({
      name: `f${i}`,
      data,
      sizeBytes: saidBytes,
      ...(i > 0 && { sharedAt: 30 + main.name.length + main.data.length }),
    }),
  );
  return archive([main, ...large]);
}

function manyEntries(count: number): string {
  const data = deflateRawSync(Buffer.from('x'));
  const entry = (i: number): Entry => ({ name: `a${i}/b`, data, sizeBytes: 1, ...(i > 0 && { sharedAt: 0 }) });
  return archive(Array.from({ length: count }, (_, i) => entry(i)));
}
