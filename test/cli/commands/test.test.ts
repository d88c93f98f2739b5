import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPlatform } from '../../../src/twin/host/platform-state.ts';
import { poll } from '../../../src/twin/host/poll.ts';
import { caseFile } from '../../support/cases.ts';
import { type Outcome, runCommand, startCommand } from '../../support/command.ts';
import { FIRST_USE_TIMEOUT_MS, sharedHome, type TestHome, testHome } from '../../support/home.ts';
import { processesOf } from '../../support/processes.ts';

const FLOW = `flow: ShopFlow
parameters:
  count: { type: integer, default: 3 }
secrets: [SHOP_TOKEN]
outputs: [total]
onFailure:
  - step: tell
    run: print(self.failure["message"])
steps:
  - step: load
    retry: { times: 2, backoff: 10s }
    run: |
      import os
      self.token = os.environ["SHOP_TOKEN"]
      self.rows = list(range(self.count))
      self.most = 10
  - foreach: rows
    as: row
    onError: collect
    steps:
      - step: price
        run: self.cost = self.row * 2
    join: { step: gather, collect: [cost] }
  - switch: len(self.cost) > 1
    cases:
      true: [{ step: add, run: self.total = sum(self.cost) }]
    default: [{ step: take, run: "self.total = self.cost[0]" }]
  - while: self.total < self.most
    max: 5
    steps:
      - step: double
        run: self.total = self.total * 2
  - step: offer
    action: /shop/offer
    with: { total: "\${total}" }
    result: answer
`;

describe('nuvopipe test', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let folder: string;
  let home: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-testing-'));
    home = await sharedHome();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A folder with this flow and these cases. */
  async function files(name: string, tests: string, flow = FLOW): Promise<string> {
    const dir = join(folder, name);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'flow.yaml'), flow);
    await writeFile(join(dir, 'flow.test.yaml'), tests);
    return dir;
  }

  const test = (...args: string[]): Promise<Outcome> => runCommand('test', [...args, '--home', home]);

  it('runs every construct of the language, with the runtime as it is, its steps mocked or not', async () => {
    const dir = await files(
      'all',
      `cases:
  - name: all as it is but the action
    secrets: { SHOP_TOKEN: abc }
    mock:
      offer: { returns: { taken: true } }
    expect:
      path: [load, price x3, gather, add, double, offer]
      artifacts: { load.token: abc, price.cost: [0, 2, 4], double.total: [12], answer: { taken: true } }
  - name: a step that fails at first
    mock:
      load: { error: ConnectionError, times: 2, set: { rows: [7], most: 0 } }
      offer: { error: busy }
    expect:
      status: failed
      error: busy
      path: [load, price, gather, take, offer, tell]
      attempts: { load: 3, double: 0 }
      artifacts: { take.total: 14 }
  - name: an item that fails, and one that is too slow
    parameters: { count: 4 }
    mock:
      price: { each: [{ error: ValueError }, { timeout: true }, { set: { cost: 5 } }, null] }
      offer: { returns: {} }
    expect:
      path: [load, price x4, gather, add, offer]
      artifacts: { total: 11, load.token: test-SHOP_TOKEN }
  - name: turns
    mock:
      gather: { set: { cost: [1] , most: 100 } }
      double: { each: [{ run: self.total += 1 }, { set: { total: 99 } }, { set: { total: 101 } }] }
      offer: { returns: {} }
    expect:
      path: [load, price x3, gather, take, double x3, offer]
      artifacts: { double.total: [2, 99, 101] }
`,
    );
    const { code, stdout, stderr } = await test(dir);
    assert.deepEqual([code, stderr], [0, ''], stdout);
    assert.match(stdout, /✓ all as it is but the action \(\d+ ms\)\n.*✓ turns \(\d+ ms\)\n\n4 passed/s);
  });

  it('assigns a mock to each item, whatever is in between', async () => {
    const flow = `flow: NestedFlow
steps:
  - foreach: [1, 2]
    as: n
    steps:
      - branches:
          a: [{ step: left, run: self.x = 0 }]
          b: [{ step: right, run: self.y = 0 }]
      - while: self.x < 1
        max: 3
        steps: [{ step: turn, run: self.x += 1 }]
    join: { step: gather, run: "self.found = [[i.x, i.y] for i in inputs]" }
`;
    const dir = await files(
      'nested',
      `cases:
  - name: nested
    mock:
      left: { each: [null, { set: { x: 5 } }] }
      right: { each: [{ set: { y: 7 } }, { set: { y: 8 } }] }
      turn: { each: [{ set: { x: 0.5 } }, null] }
    expect:
      path: [left x2, right x2, turn x2, gather]
      artifacts: { found: [[1.5, 7], [5, 8]], turn.x: [0.5, 1.5], left.x: [0, 5] }
`,
      flow,
    );
    const { code, stdout, stderr } = await test(dir);
    assert.deepEqual([code, stderr], [0, ''], stdout + stderr);
  });

  it('shows expected and actual values, and exits with 1', async () => {
    const dir = await files(
      'wrong',
      `cases:
  - name: another path
    mock: { offer: { returns: {} } }
    expect:
      path: [load, gather]
      artifacts: { total: 13 }
  - name: an action that is not mocked
`,
    );
    const { code, stdout } = await test(dir);
    assert.equal(code, 1);
    const file = join(dir, 'flow.test.yaml');
    assert.ok(
      stdout.includes(`
      ${file}:5:13: error[failed]: the run took a different path
        5 |       path: [load, gather]
          |             ^^^^^^^^^^^^^^
        - expected  + actual
          load
        + price x3
          gather
        + add
        + double
        + offer

      ${file}:6:20: error[failed]: total has a different value
        6 |       artifacts: { total: 13 }
          |                    ^^^^^
        - expected  + actual
        - 13
        + 12
`),
      stdout,
    );
    assert.match(stdout, /offer runs outside of the flow: a simulated run needs a mock of it\n/);
    assert.match(stdout, /\n0 passed, 2 failed \(.*\)\n$/);
  });

  it('runs what --grep names, as JSON, and writes a report', async () => {
    const dir = await files(
      'some',
      'cases:\n  - name: one\n    mock: &all { offer: { returns: {} } }\n  - { name: two, mock: *all }\n',
    );
    const report = join(folder, 'report.xml');
    const { code, stdout } = await test(dir, '--grep', 'tw', '--json', '--reporter', 'junit', '--output', report);
    assert.equal(code, 0);
    const { passed, failed, cases } = JSON.parse(stdout);
    assert.deepEqual([passed, failed, cases.length], [1, 0, 1]);
    assert.deepEqual(
      { ...cases[0], ms: 0 },
      { file: join(dir, 'flow.test.yaml'), name: 'two', passed: true, ms: 0, mismatches: [] },
    );
    assert.match(await readFile(report, 'utf8'), /<testcase classname="ShopFlow" name="two" /);
    const tap = await test(dir, '-r', 'tap');
    assert.match(tap.stdout, /^TAP version 14\n1\.\.2\nok 1 - .*: one\n.*\nok 2 - .*: two\n/s);
    const none = await test(dir, '-g', 'three');
    assert.equal(none.code, 2);
    assert.match(none.stderr, /^error\[no-cases\]: no case name contains "three"/);
  });

  it('returns results in file order', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `case ${index}`);
    const cases = (last: string) =>
      `cases:\n${names.map((name) => `  - name: ${name}\n    mock: { load: { error: KeyError } }\n    expect: { error: KeyError }\n`).join('')}  - name: ${last}\n    expect: { error: busy }\n    mock: { offer: { error: busy } }\n`;
    const dirs = [await files('order/b', cases('b')), await files('order/a', cases('a'))];
    const { stdout } = await test(join(folder, 'order'), '--json');
    const { cases: results, passed } = JSON.parse(stdout);
    assert.equal(passed, 82);
    assert.deepEqual(
      results.map((result: { name: string }) => result.name),
      [...names, 'a', ...names, 'b'],
    );
    assert.equal(results[0].file, join(dirs[1] as string, 'flow.test.yaml'));
  });

  it('reports all problems in files before running a case, and exits with 2', async () => {
    await files('invalid/a', 'cases: []\n');
    await files('invalid/b', 'cases: [{ name: x, expect: { path: [lod] } }]\n');
    await files('invalid/c', 'cases: [{ name: x }]\n', 'flow: F\nsteps: []\n');
    const { code, stdout, stderr } = await test(join(folder, 'invalid'));
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(
      stderr,
      /error\[no-cases\].*error\[unknown-step\]: the flow has no step "lod".*did you mean "load"\?.*error\[no-steps\]/s,
    );
  });

  it('keeps the reasons of failures like a run', async () => {
    const shop = await test(caseFile('wf_unittest', 'shop.test.yaml'), '--grep', 'catch keeps the message');
    assert.equal(shop.code, 0, shop.stdout);
    const told = await test(caseFile('wf_onfail', 'act.test.yaml'));
    assert.equal(told.code, 0, told.stdout);
  });

  it('reports a flow that cannot be loaded', async () => {
    const flow = 'flow: F\nsteps:\n  - step: a\n    run: pass\n  - step: b\n    call: broken:b\ncode: [broken.py]\n';
    const dir = await files('broken', 'cases: [{ name: x, mock: { a: { set: {} } } }]\n', flow);
    await writeFile(join(dir, 'broken.py'), 'import nothing_of_this_name\ndef b(): return {}\n');
    const { code, stdout } = await test(dir);
    assert.equal(code, 1);
    assert.match(stdout, /\+ failed\n\s+\+ .*No module named 'nothing_of_this_name'/);
  });

  describe('when it is ended', () => {
    let dir: string;
    before(async () => {
      const code = 'import time\n      open("started", "w").close()\n      time.sleep(300)';
      dir = await files(
        'long',
        'cases: [{ name: long }]\n',
        `flow: F\nsteps:\n  - step: a\n    run: |\n      ${code}\n`,
      );
    });

    /** Ends it in the middle of a step; whatever it starts has to do with the scratch folder. */
    async function end(scratch: string, signal: NodeJS.Signals): Promise<Outcome> {
      await mkdir(scratch);
      const { child, done } = startCommand('test', [dir, '--home', home], { TMPDIR: scratch });
      const isRunning = async () =>
        (await readdir(scratch, { recursive: true })).some((name) => name.endsWith('started'));
      assert.ok(await poll(isRunning, 60_000));
      child.kill(signal);
      const outcome = await done;
      const isOver = async () => (await processesOf(scratch)).length === 0;
      assert.ok(await poll(isOver, 10_000), String(await processesOf(scratch)));
      return outcome;
    }

    it('by Ctrl-C it leaves nothing behind', async () => {
      const scratch = join(folder, 'interrupted');
      const { code, stderr } = await end(scratch, 'SIGINT');
      assert.equal(code, 130, stderr);
      assert.match(stderr, /interrupted: the running cases were stopped\n$/);
      const left = (await readdir(scratch)).filter((name) => name.startsWith('nuvopipe-test-'));
      assert.deepEqual(left, []);
    });

    it('by force it leaves nothing running', () => end(join(folder, 'killed'), 'SIGKILL'));
  });

  describe('on the platform', () => {
    let own: TestHome;
    before(async () => {
      own = await testHome();
    });
    after(() => own.remove());

    it('runs a case as nuvopipe run does, and stops the platform again', async () => {
      const flow = FLOW.slice(0, FLOW.indexOf('  - step: offer')).replace('10s', '10ms');
      const dir = await files(
        'real',
        `cases:
  - name: for real
    platform: true
    parameters: { count: 4 }
    secrets: { SHOP_TOKEN: secret-of-the-test }
    expect:
      path: [load, price x4, gather, add]
      artifacts: { price.cost: [0, 2, 4, 6], total: 12, load.token: secret-of-the-test }
  - name: and one that is not
    expect: { artifacts: { total: 12 } }
  - name: which fails
    platform: true
    parameters: { count: -1 }
    expect: { error: an empty list, path: [load, tell] }
`,
        flow,
      );
      const { code, stdout, stderr } = await runCommand('test', [dir, '--home', own.path]);
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /✓ for real .*✓ and one that is not .*✓ which fails /s);
      assert.equal(await readPlatform(own.path), undefined);
    });
  });
});
