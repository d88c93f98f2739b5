/** What actions see and what becomes of them: languages, archives, time, memory, logs, faults. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActivationFault } from '../../../src/twin/openwhisk/faults.ts';
import { AUTH, type Body, Harness, until, zip } from './harness.ts';

describe('containers', () => {
  let whisk: Harness;
  let fault: (action: string, ordinal: number) => ActivationFault | undefined = () => undefined;
  let dropSession: (components: number) => boolean = () => false;
  let refuse: (path: string) => 429 | 503 | undefined = () => undefined;
  before(async () => {
    whisk = await Harness.start({
      poolMemoryMb: 1024,
      images: { 'example/python': 'python:3.11' },
      faults: {
        activation: ({ action, ordinal }) => fault(action, ordinal),
        dropSession: ({ components }) => dropSession(components),
        refuse: (path) => refuse(path),
      },
    });
  });
  afterEach(() => {
    fault = () => undefined;
    dropSession = () => false;
    refuse = () => undefined;
  });
  after(() => whisk.stop());

  const record = async (name: string, params: unknown = {}) => {
    const { status, body } = await whisk.invoke(name, params);
    return { status, ...(await whisk.activation(body.activationId)) };
  };
  const texts = (logs: string[]) => logs.map((line) => line.slice(31));
  const WARNING = 'stderr: The action did not initialize or run as expected. Log data might be missing.';

  it('run zipped Node actions: package.json, modules, main', async () => {
    const files = {
      'package.json': '{"main": "lib/app.js"}',
      'lib/app.js': 'exports.main = () => ({from: require("./other").name}); exports.two = () => ({from: "two"})',
      'lib/other.js': 'exports.name = "other"',
      'side.js': 'exports.main = () => ({from: "side", cwd: require("fs").existsSync("package.json")})',
    };
    await whisk.put('zipped', zip(files));
    assert.deepEqual(await whisk.result('zipped'), { from: 'other' });
    await whisk.put('zipped', zip(files), { main: 'two' });
    assert.deepEqual(await whisk.result('zipped'), { from: 'two' });
    await whisk.put('zipped', zip(files), { main: 'side.main' });
    assert.deepEqual(await whisk.result('zipped'), { from: 'side', cwd: true });
    await whisk.put('zipped', zip({ 'x.js': '' }));
    const { response } = await record('zipped');
    assert.equal(response.status, 'action developer error');
    assert.match(response.result.error, /^Initialization has failed due to: Zipped actions must contain either/);
  });

  it('round the numbers of Node actions, and no others', async () => {
    await whisk.python(
      'python-echo',
      'def main(args): return {**args, "sum": args["id"] + 1, "is": repr(args["rate"])}',
    );
    await whisk.put('node-echo', 'const main = (params) => params');
    const exact = '{"id":1234567890123456789,"rate":1.0}';
    const answer = async (action: string, body = exact) => {
      const url = `${whisk.whisk.url}/api/v1/namespaces/_/actions/${action}?blocking=true&result=true`;
      const headers = {
        authorization: `Basic ${Buffer.from(AUTH).toString('base64')}`,
        'content-type': 'application/json',
      };
      return (await fetch(url, { method: 'POST', headers, body })).text();
    };
    assert.equal(await answer('python-echo'), `${exact.slice(0, -1)},"sum":1234567890123456790,"is":"1.0"}`);
    assert.equal(await answer('node-echo'), '{"id":1234567890123456800,"rate":1}');
    await whisk.sequence('both', ['python-echo', 'node-echo']);
    assert.match(await answer('both'), /"sum":1234567890123456800/);
    const { body } = await whisk.call('GET', '_/activations?limit=1&docs=true');
    assert.ok(body.length > 0);
  });

  it('keep no log if its limit is 0, and are free as soon as they have answered', async () => {
    const chatty = 'const main = () => { console.log("x".repeat(100000)); return { pid: process.pid } }';
    await whisk.put('chatty', chatty, { limits: { logs: 0 } });
    const first = await record('chatty');
    assert.deepEqual(first.logs, []);
    const { pid } = await whisk.result('chatty');
    assert.equal(pid, first.response.result.pid);
    await whisk.put('chatty', chatty, { limits: { logs: 1 } });
    const { logs } = await record('chatty');
    assert.equal(logs.length, 1);
  });

  it('report missing packages of the images', async () => {
    const lacks = (name: string) =>
      new RegExp(`'?${name}'?: OpenWhisk's image has it, the local platform's container lacks it`);
    await whisk.put('modern', 'const { serializeError } = require("serialize-error"); const main = () => ({})');
    assert.match((await record('modern')).response.result.error, lacks('serialize-error'));
    await whisk.put('later', 'const main = () => { require("serialize-error"); }');
    assert.match((await record('later')).response.result.error, lacks('serialize-error'));
    await whisk.put('own', 'const main = () => { require("no-such-package"); }');
    assert.doesNotMatch((await record('own')).response.result.error, /image/);
    await whisk.python('soup', 'def main(args):\n    import bs4\n');
    assert.match((await record('soup')).response.result.error, lacks('bs4'));
    await whisk.python('soup', 'import lxml.html\ndef main(args):\n    return {}\n');
    assert.match(texts((await record('soup')).logs).join(' '), lacks('lxml'));
    await whisk.python(
      'soup',
      'import importlib.util\ndef main(args):\n    return {"found": importlib.util.find_spec("lxml") is not None}\n',
    );
    assert.deepEqual(await whisk.result('soup'), { found: false });
  });

  it('run zipped Python actions with packages beside them, as a new interpreter would', async () => {
    await whisk.python(
      'pyzip',
      zip({
        '__main__.py':
          'import os, sys, helper.part\nsys.path.append("left behind")\ndef run(args):\n  return {"part": helper.part.NAME, "name": __name__, "argv": len(sys.argv), "main": sys.modules["__main__"].__name__, "first": sys.path[0] == os.getcwd(), "left": sys.path.count("left behind"), "leader": os.getpid() == os.getpgrp()}',
        'helper/__init__.py': '',
        'helper/part.py': 'NAME = "part"',
      }),
      { main: 'run' },
    );
    const expected = { part: 'part', name: 'main__', argv: 1, main: '__main__', first: true, left: 1, leader: true };
    assert.deepEqual(await whisk.result('pyzip'), expected);
    await whisk.python('other', 'import sys\ndef main(args):\n  return {"left": "left behind" in sys.path}');
    assert.deepEqual(await whisk.result('other'), { left: false }, 'forks know nothing of each other');
  });

  it('report errors in Python code like the image', async () => {
    await whisk.python('broken', 'def main(args)\n  return {}');
    const syntax = await record('broken');
    assert.equal(syntax.status, 502);
    assert.deepEqual(syntax.response, {
      result: { error: 'The action failed to generate or locate a binary. See logs for details.' },
      size: 84,
      status: 'action developer error',
      success: false,
    });
    assert.deepEqual(texts(syntax.logs), ["stderr: expected ':'", WARNING]);
    await whisk.python('nomain', 'x = 1');
    const nomain = await record('nomain');
    assert.equal(nomain.response.result.error, 'Cannot start action. Check logs for details.');
    assert.ok(nomain.logs.some((line: string) => line.includes("cannot import name 'main' from 'main__'")));
    assert.deepEqual(texts(nomain.logs).slice(-2), ['stderr: Command exited abruptly during initialization.', WARNING]);
  });

  it('report exits and invalid results', async () => {
    const cases: [code: string, error: RegExp][] = [
      ['import os\ndef main(a):\n  os._exit(3)', /^command exited$/],
      ['def main(a):\n  return {"x": object()}', /^command exited$/],
      ['def main(a):\n  return "text"', /^The action did not return a dictionary or array\.$/],
      ['def main(a):\n  return {"x": float("nan")}', /^The action did not return a dictionary or array\.$/],
      ['def main(a):\n  return None', /^The action did not produce a valid JSON or JSON Array response: null\n$/],
    ];
    for (const [code, error] of cases) {
      await whisk.python('odd', code);
      const { response } = await record('odd');
      assert.equal(response.status, 'action developer error', code);
      assert.match(response.result.error, error);
    }
    await whisk.put('odd', 'function main() { return null }');
    assert.match(
      (await record('odd')).response.result.error,
      /^The action did not produce a valid JSON or JSON Array response: null$/,
    );
    await whisk.put('odd', 'function main() { return Promise.reject(new TypeError("no")) }');
    const { error } = (await record('odd')).response.result;
    assert.deepEqual([error.name, error.message, typeof error.stack], ['TypeError', 'no', 'string']);
  });

  it('cut a result that is too long, and the log', async () => {
    await whisk.python('long', 'def main(a):\n  return {"x": "y" * a["n"]}');
    const { status, response } = await record('long', { n: 3_000_000 });
    assert.equal(status, 502);
    assert.equal(response.status, 'application error');
    assert.ok(
      response.result.error.startsWith(
        'The action produced a response that exceeded the allowed length: 3000010 > 1048576 bytes. The truncated response was: {"x": "yyy',
      ),
    );
    assert.ok(response.result.error.length < 1024 * 1024 + 200);
    await whisk.put(
      'chatty',
      'function main(a) { for (let i = 0; i < 3; i++) console.log("z".repeat(500000)); return a }',
      {
        limits: { logs: 1 },
      },
    );
    const { logs } = await record('chatty');
    assert.match(
      logs.at(-1).slice(-200),
      /stderr: Logs were truncated because the total bytes size exceeds the limit of 1048576 bytes\.$/,
    );
    assert.ok(JSON.stringify(logs).length < 1_100_000);
  });

  it('keep the log lines of each activation apart, and in order', async () => {
    const node =
      'function main(a) { console.log("one", a.n); console.error("two"); process.stdout.write("open"); return a }';
    await whisk.put('logs', node);
    await whisk.python(
      'pylogs',
      'import sys\nprint("loading")\ndef main(a):\n  print("é", a["n"])\n  print("e", file=sys.stderr)\n  return a',
    );
    for (const n of [1, 2]) {
      const lines = texts((await record('logs', { n })).logs);
      assert.deepEqual(lines.toSorted(), ['stderr: two', `stdout: one ${n}`, 'stdout: open']);
      const python = texts((await record('pylogs', { n })).logs).toSorted();
      assert.deepEqual(python, ['stderr: e', ...(n === 1 ? ['stdout: loading'] : []), `stdout: é ${n}`].toSorted());
    }
  });

  it('give the API key only to actions that ask for it, and init parameters as variables', async () => {
    const code =
      'import os\ndef main(a):\n  return {"key": os.environ.get("__OW_API_KEY"), "host": os.environ.get("__OW_API_HOST"), "init": os.environ.get("SECRET"), "args": a}';
    await whisk.python('key', code, { annotations: [{ key: 'provide-api-key', value: true }] });
    const given = await whisk.result('key');
    assert.match(given.key, /^23bc46b1/);
    assert.equal(given.host, whisk.whisk.url);
    await whisk.python('nokey', code, { parameters: [{ key: 'SECRET', value: { a: 1 }, init: true }] });
    const none = await whisk.result('nokey', { x: 1 });
    assert.deepEqual([none.key, none.init, none.args], [null, '{"a":1}', { x: 1 }]);
  });

  it('run blackbox images that are mapped to a kind', async () => {
    const exec = { kind: 'blackbox', image: 'example/python', code: 'def main(a):\n  return {"boxed": True}' };
    await whisk.call('PUT', '_/actions/box?overwrite=true', { exec });
    assert.deepEqual(await whisk.result('box'), { boxed: true });
    await whisk.call('PUT', '_/actions/box?overwrite=true', { exec: { ...exec, image: 'example/unknown' } });
    const { response } = await record('box');
    assert.equal(response.result.error, "Failed to pull container image 'example/unknown'.");
  });

  it('are killed with everything they started when their time is over', async () => {
    await whisk.python(
      'hang',
      'import subprocess, time\ndef main(a):\n  child = subprocess.Popen(["sleep", "600"])\n  print(child.pid, flush=True)\n  time.sleep(600)',
      { limits: { timeout: 400 } },
    );
    const { response, annotations, logs } = await record('hang');
    assert.equal(response.result.error, 'The action exceeded its time limits of 400 milliseconds.');
    assert.equal(annotations.find((each: Body) => each.key === 'timeout').value, true);
    const pid = Number(texts(logs)[0]?.replace('stdout: ', ''));
    assert.ok(pid > 0);
    await until(() => (isRunning(pid) ? undefined : true));
    await whisk.python('stuck', 'import time\ntime.sleep(600)\ndef main(a):\n  return a', { limits: { timeout: 300 } });
    const stuck = await record('stuck');
    assert.equal(
      stuck.response.result.error,
      'The action exceeded its time limits of 300 milliseconds during initialization.',
    );
  });

  it('stay warm for one revision of an action, and are evicted for others', async () => {
    await whisk.put('counter', 'let n = 0; function main() { n += 1; return {n} }', { limits: { memory: 512 } });
    assert.deepEqual([await whisk.result('counter'), await whisk.result('counter')], [{ n: 1 }, { n: 2 }]);
    await whisk.put('counter', 'let n = 10; function main() { n += 1; return {n} }', { limits: { memory: 512 } });
    assert.deepEqual(await whisk.result('counter'), { n: 11 });
    await whisk.put(
      'wide',
      'function main() { return new Promise(r => setTimeout(() => r({pid: process.pid}), 100)) }',
      {
        limits: { memory: 512 },
      },
    );
    const replies = await Promise.all(Array.from({ length: 4 }, () => whisk.result('wide')));
    assert.equal(new Set(replies.map((each) => each.pid)).size, 2, '1,024 MB have room for two of 512');
    assert.deepEqual(await whisk.result('counter'), { n: 11 }, 'it was evicted in between');
  });

  it('die on request: before, during and after the action', async () => {
    await whisk.python(
      'step',
      'import time\ndef main(a):\n  time.sleep(a.get("s", 0))\n  print("ran")\n  return {"ok": True}',
    );
    const lost = 'The action did not produce a valid response and exited unexpectedly.';
    const faults: [ActivationFault, ran: boolean][] = [
      [{ kill: 'before' }, false],
      [{ kill: 'during', afterMs: 50 }, false],
      [{ kill: 'after' }, true],
    ];
    for (const [each, ran] of faults) {
      fault = (action) => (action === 'guest/step' ? each : undefined);
      const { response, logs } = await record('step', 'kill' in each && each.kill === 'during' ? { s: 5 } : {});
      assert.equal(response.result.error, lost);
      assert.equal(
        logs.some((line: string) => line.endsWith('ran')),
        ran,
        JSON.stringify(each),
      );
    }
    fault = () => undefined;
    assert.deepEqual(await whisk.result('step'), { ok: true });
  });

  it('drops sessions and rejects requests on demand', async () => {
    await whisk.put('echo', 'function main(a) { return a }');
    await whisk.conductor(
      'two',
      'function main(a) { const i = a.$i || 0; return i === 2 ? {} : {action: "echo", state: {$i: i + 1}} }',
    );
    dropSession = (components) => components === 1;
    const { status, body } = await whisk.invoke('two', {}, 'blocking=true&timeout=300');
    assert.equal(status, 202);
    assert.equal((await whisk.call('GET', `_/activations/${body.activationId}`)).status, 404, 'no record of it');
    refuse = (path) => (path === 'guest/echo' ? 503 : 429);
    assert.equal((await whisk.invoke('echo')).status, 503);
    assert.equal((await whisk.invoke('two')).status, 429);
  });

  it('starts Python after its template was killed', async () => {
    await whisk.python('again', 'import os\ndef main(a):\n  return {"parent": os.getppid()}');
    const { parent } = await whisk.result('again');
    process.kill(parent, 'SIGKILL');
    await whisk.python('again', 'def main(a):\n  return {"ok": True}');
    assert.deepEqual(await whisk.result('again'), { ok: true });
  });

  it('a composition receives OpenWhisk’s misleading error for an array from a component', async () => {
    await whisk.put('array', 'function main() { return [1] }');
    await whisk.conductor('c', 'function main(a) { return a.error ? {params: {seen: a.error}} : {action: "array"} }');
    assert.deepEqual(await whisk.result('c'), {
      seen: "Failed to resolve action with name 'guest/array' during composition.",
    });
  });

  it('nested compositions share one count', async () => {
    await whisk.put('echo', 'function main(a) { return a }');
    await whisk.conductor(
      'inner',
      'function main(a) { const i = a.$i || 0; return a.error ? {params: {error: a.error}} : i === 20 ? {params: {}} : {action: "echo", params: {}, state: {$i: i + 1}} }',
    );
    await whisk.conductor(
      'outer',
      'function main(a) { const i = a.$i || 0; return a.error ? {params: {at: i, why: a.error}} : i === 9 ? {params: {at: i}} : {action: "inner", params: {}, state: {$i: i + 1}} }',
    );
    const { response } = await record('outer');
    assert.deepEqual(response.result, { at: 3, why: 'Too many actions in the composition.' });
  });
});

describe('closing', () => {
  it('leaves no process behind', async () => {
    const whisk = await Harness.start();
    await whisk.put('n', 'function main() { return {pid: process.pid} }');
    await whisk.python('p', 'import os\ndef main(a):\n  return {"pid": os.getpid(), "template": os.getppid()}');
    await whisk.put('busy', 'function main() { console.log(process.pid); return new Promise(() => {}) }');
    const { pid: node } = await whisk.result('n');
    const { pid: python, template } = await whisk.result('p');
    await whisk.invoke('busy', {}, 'blocking=false');
    await until(() => (whisk.whisk.containers().busy === 1 ? true : undefined));
    await whisk.stop();
    for (const pid of [node, python, template]) await until(() => (isRunning(pid) ? undefined : true));
    const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(whisk.stateDir));
    assert.deepEqual(left, []);
  });

  it('Python containers end when their server is killed', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'nuvopipe-whisk-test-'));
    const script = `
      import { startWhisk } from ${JSON.stringify(new URL('../../../src/twin/openwhisk/server.ts', import.meta.url).href)};
      const [stateDir, auth, python] = process.argv.slice(-3);
      const runtimes = { node: { executable: process.execPath }, python: { executable: python } };
      console.log((await startWhisk({ stateDir, auth, runtimes })).url);`;
    const python = process.env.NUVOPIPE_TEST_PYTHON ?? 'python3';
    const args = ['--import', 'tsx', '--input-type=module', '-e', script, '--', stateDir, AUTH, python];
    const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const url = String(await new Promise((resolve) => server.stdout.once('data', resolve))).trim();
      const call = (method: string, path: string, body: unknown) =>
        fetch(`${url}/api/v1/namespaces/_/actions/${path}`, {
          method,
          headers: { authorization: `Basic ${btoa(AUTH)}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      const marker = join(stateDir, 'pid');
      const code = `import os, time\ndef main(a):\n  open(${JSON.stringify(marker)}, "w").write(str(os.getpid()))\n  time.sleep(600)`;
      await call('PUT', 'busy', { exec: { kind: 'python:3.11', code } });
      await call('POST', 'busy', {});
      const pid = await until(() => Number(existsSync(marker) && readFileSync(marker, 'utf8')) || undefined);
      assert.ok(isRunning(pid));
      server.kill('SIGKILL');
      await until(() => (isRunning(pid) ? undefined : true));
    } finally {
      server.kill('SIGKILL');
      rmSync(stateDir, { recursive: true, force: true });
    }
  });
});

/** Running, and not only waiting for its parent to take note of its end. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
