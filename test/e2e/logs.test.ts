import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { keys, prefixes } from '../../src/contract/layout.generated.ts';
import { planPrune } from '../../src/platform/runs/prune-runs.ts';
import { RunReader } from '../../src/platform/runs/reader.ts';
import type { Store } from '../../src/platform/s3/store.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { withMetaflow } from '../platform/metadata/real-runs.ts';
import { logOf, runCase } from '../support/cases.ts';
import { runCommand, startCommand } from '../support/command.ts';
import { client, deployFlow, flowFile, stockEnvironment } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

/** Goes on when the test has seen its line, and ends when the test says so. */
const FLOW = `flow: FollowedFlow
parameters: { seen: { type: string } }
steps:
  - step: talk
    run: |
      import os, sys, time
      print("first line")
      sys.stderr.write("\\r10%\\r20%")
      while not os.path.exists(self.seen): time.sleep(0.05)
      print("last line")
`;

const errorOf = ({ result }: { result: Record<string, unknown> }) => (result.error as { message: string }).message;

describe('the log of a step', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  let store: Store;
  before(async () => {
    shared = await sharedPlatform();
    store = shared.store;
  });

  const logs = (...args: string[]) => runCommand('logs', [...args, '--home', shared.home]);

  async function partsOf(flow: string, run: string): Promise<string[]> {
    const parts: string[] = [];
    for await (const { key } of store.list(prefixes.logs({ flow, run }))) parts.push(key);
    return parts;
  }

  it('is collected in linear time, and a progress bar leaves the traceback (log_bar)', async () => {
    const { result } = await runCase(shared, 'log_bar', { params: { run: 'bar', count: 400_000 } });
    assert.match(errorOf({ result }), /^RuntimeError: diverged/);
    const { stdout } = await logs('LogBar/bar');
    assert.match(stdout, /^talk\/t \| step {2}399999 of the epoch/m);
    assert.match(stdout, /Traceback \(most recent call last\):[\s\S]*RuntimeError: diverged/);
    const { stderr } = await logOf(shared, 'LogBar', 'bar', 'talk');
    assert.ok(/^\rstep {7}0 [\s\S]* \[\.\.\. [\d,]+ bytes left out \.\.\.\] [\s\S]*step {2}399999/.test(stderr));
  });

  it('is read by nuvopipe and by the stock client, whatever was written (log_kinds)', async () => {
    await runCase(shared, 'log_kinds', { params: { run: 'kinds' } });
    const { stdout, code } = await logs('LogKinds/kinds');
    assert.equal(code, 0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
    assert.doesNotMatch(stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    const lines = stdout.split('\n').map((line) => line.replace('talk/t | ', ''));
    for (const line of [
      ...['plain é 😀 日本', 'binary \\xff\\xfe␀ end', 'progress 4/5', 'red  after', 'cr lf', 'from sub', 'err sub'],
      ...['os.system', 'x'.repeat(200_000), '[MFLOG|0|2026-01-01T00:00:00.000000Z|task|aaaa]fake'],
      'no newline at the end',
    ])
      assert.ok(lines.includes(line), line.slice(0, 80));
    const raw = await logs('LogKinds/kinds', '--raw');
    assert.ok(raw.stdout.includes('\u001b[31mred\u001b[0m \u001b[2J\u001b]0;title\u0007 after'));
    const program =
      'import json, metaflow as m; m.namespace(None); print(json.dumps(m.Task("LogKinds/kinds/talk/t").stdout))';
    const stock = await withMetaflow<string>(program, stockEnvironment(shared) as Record<string, string>);
    assert.ok(stock.startsWith('plain é 😀 日本\nbinary \\xff\\xfe\u0000 end\n\rprogress 0/5\rprogress 1/5'));
  });

  it('has the error of an exception whose text is undecodable (err_surrogate)', async () => {
    const answer = await runCase(shared, 'err_surrogate', { params: { run: 'odd' } });
    assert.match(errorOf(answer), /^ValueError: cannot read caf\\udce9\.csv/);
    const { stdout } = await logs('ErrSurrogate/odd');
    assert.match(stdout, /Traceback[\s\S]*ValueError: cannot read caf\\udce9\.csv/);
  });

  it('keeps the traceback of an exception with a huge text (err_huge)', async () => {
    const answer = await runCase(shared, 'err_huge', { params: { run: 'huge' } });
    assert.match(errorOf(answer), /^ValueError: x{280}/);
    const { stderr } = await logOf(shared, 'ErrHuge', 'huge', 'boom');
    assert.match(stderr, /Traceback[\s\S]*ValueError: x+ \[\.\.\. [\d,]+ characters left out \.\.\.\] x+\n$/);
  });

  it('keeps head and tail where it is longer than 10 MB (wf_logs)', async () => {
    const answer = await runCase(shared, 'wf_logs', { file: 'bigfail.yaml', params: { run: 'big' } });
    assert.match(errorOf(answer), /^ValueError: the real reason/);
    const { stdout, stderr } = await logOf(shared, 'LogFail', 'big', 'talk');
    assert.match(stdout, /^line 0 y+\n/);
    assert.match(stdout, /\n\[\.\.\. [\d,]+ lines, [\d,]+ bytes, left out \.\.\.\]\n/);
    assert.match(stdout, /\nline 199999 y+\n$/);
    assert.match(stderr, /Traceback[\s\S]*ValueError: the real reason/);
  });

  it('escapes control characters, and prints only matching lines (wf_logs)', async () => {
    await runCase(shared, 'wf_logs', { params: { run: 'mix' } });
    const { stdout } = await logs('LogFlow/mix', '--task', 'talk/t', '--attempt', '1', '--grep', '/PROGRESS|bad/i');
    assert.deepEqual(stdout.trim().split('\n').toSorted(), ['talk/t | bad utf8 \\xff\\xfe', 'talk/t | progress 80%']);
    assert.equal((await logs('LogFlow/mix', '--grep', '/(/')).code, 2);
    assert.equal((await logs('LogFlow/mix', '--task', 'talk/t-1')).code, 2);
  });

  it('has no secrets in it (wf_secrets)', async () => {
    const secrets = { API_KEY: 'first-secret-1' };
    const answer = await runCase(shared, 'wf_secrets', { params: { run: 'secret', tok: 'fail' }, secrets });
    assert.match(errorOf(answer), /^ValueError: cannot connect with \*\*\*/);
    const { stdout } = await logs('SecFlow/secret', '--raw');
    assert.match(stdout, /plain \*\*\*\n.*'\*\*\*'\n.*\{"k": "\*\*\*"\}/);
    assert.match(stdout, /tok \*\*\*\n/);
    assert.match(stdout, /Traceback[\s\S]*ValueError: cannot connect with \*\*\*\n/);
    assert.doesNotMatch(stdout, /first-secret/);
  });

  describe('while it runs', () => {
    let file: string;
    let remove: () => Promise<void>;
    before(async () => {
      const flow = await flowFile(FLOW);
      ({ file, remove } = flow);
      await deployFlow(shared, file);
    });
    after(() => remove?.());

    const start = async (run: string) => {
      const seen = `${file}.${run}`;
      await client(shared).actions.invoke({ name: 'FollowedFlow', params: { run, seen } });
      const key = keys.run({ flow: 'FollowedFlow', run });
      assert.ok(await poll(() => store.exists(key), 20_000), 'the run has not begun');
      return { end: () => writeFile(seen, '') };
    };
    const result = (run: string) => keys.result({ flow: 'FollowedFlow', run });

    it('can be seen, and followed to the end; then its parts are gone', async () => {
      const { end } = await start('shown');
      const following = startCommand('logs', ['FollowedFlow/shown', '--follow', '--home', shared.home]);
      let stdout = '';
      following.child.stdout?.on('data', (data) => {
        stdout += data;
      });
      assert.ok(await poll(async () => stdout.includes('20%'), 30_000), 'nothing is shown');
      assert.match((await logs('FollowedFlow/shown')).stdout, /^talk\/t \| first line\ntalk\/t \| 20%\n$/);
      await end();
      const outcome = await following.done;
      assert.equal(outcome.stdout, 'talk/t | first line\ntalk/t | 20%\ntalk/t | last line\n');
      assert.equal(outcome.code, 0, outcome.stderr);
      assert.deepEqual(await partsOf('FollowedFlow', 'shown'), []);
    });

    it('can be interrupted, and exits with 1 for a failed run', async () => {
      const { end } = await start('left');
      const following = startCommand('logs', ['FollowedFlow/left', '-f', '--home', shared.home]);
      let stdout = '';
      following.child.stdout?.on('data', (data) => {
        stdout += data;
      });
      assert.ok(await poll(async () => stdout.includes('first line'), 30_000), 'nothing is shown');
      following.child.kill('SIGINT');
      const { code, stderr } = await following.done;
      assert.deepEqual([code, stderr.trim().split('\n').length], [130, 1], stderr);
      await end();
      assert.ok(await poll(() => store.exists(result('left')), 20_000));
      assert.equal((await logs('LogBar/bar', '-f', '--step', 'talk')).code, 1);
    });

    it('remains of a cancelled step until the run is pruned', async () => {
      await start('cancelled');
      assert.ok(await poll(async () => (await partsOf('FollowedFlow', 'cancelled')).length > 0, 30_000));
      await client(shared).actions.invoke({ name: 'FollowedFlow', params: { cancel: 'cancelled' } });
      assert.ok(await poll(() => store.exists(result('cancelled')), 30_000));
      assert.match((await logs('FollowedFlow/cancelled')).stdout, /^talk\/t \| first line\n/);
      const parts = await partsOf('FollowedFlow', 'cancelled');
      const { steps } = await planPrune(
        new RunReader(store),
        'FollowedFlow',
        { keep: 0 },
        Date.now() + 10 * 86_400_000,
      );
      const doomed = new Set(steps.flatMap(({ keys }) => keys));
      assert.ok(parts.length > 0 && parts.every((part) => doomed.has(part)));
    });
  });
});
