import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readPlatform } from '../../../src/twin/host/platform-state.ts';
import { poll } from '../../../src/twin/host/poll.ts';
import { type Outcome, runCommand, startCommand } from '../../support/command.ts';
import { FIRST_USE_TIMEOUT_MS, testHome } from '../../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../../support/platform.ts';
import { processesOf } from '../../support/processes.ts';

const hello = join(import.meta.dirname, '../../../examples/hello/flow.yaml');

const DIVIDE = `
flow: DivideFlow
parameters:
  by: { type: integer, required: true, help: what to divide by }
outputs: [quotient]
steps:
  - step: begin
    run: self.number = 12
  - step: divide
    run: |
      print("dividing")
      self.quotient = self.number / self.by
`;
const DIVIDE_LINE = 1 + DIVIDE.split('\n').findIndex((line) => line.includes('self.quotient ='));

const SLOW = `
flow: SlowFlow
outputs: [done]
steps:
  - step: begin
    run: self.started = True
  - step: sleep
    run: |
      import time
      time.sleep(6)
      self.done = True
`;

describe('nuvopipe run', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let local: SharedPlatform;
  let folder: string;
  let divide: string;
  let slow: string;
  const run = (...args: string[]) => runCommand('run', [...args, '--home', local.home]);

  before(async () => {
    local = await sharedPlatform();
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-run-'));
    divide = join(folder, 'divide.yaml');
    slow = join(folder, 'slow.yaml');
    await writeFile(divide, DIVIDE);
    await writeFile(slow, SLOW);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const answerOf = ({ stdout }: Outcome) => JSON.parse(stdout);

  it('prints the outputs, the steps and one line of the deploy, which changes only what has changed', async () => {
    const first = await run(hello, '-p', 'who=Ada');
    assert.equal(first.code, 0, first.stderr);
    assert.equal(first.stdout, 'greeting = "HELLO, ADA!"\n');
    assert.match(first.stderr, /^Deployed HelloFlow: \d+ created$/m);
    assert.doesNotMatch(first.stderr, /action/);
    assert.match(first.stderr, /^✓ greet .*\n✓ shout /m);

    const again = await run(hello, '-p', 'who=Grace', '--json');
    assert.equal(again.code, 0, again.stderr);
    const { run: id, ...answer } = answerOf(again);
    assert.deepEqual(answer, { status: 'succeeded', outputs: { greeting: 'HELLO, GRACE!' } });
    assert.match(id, /^\d{14}-[0-9a-f]{8}$/);
    assert.match(again.stderr, /^Deployed HelloFlow: \d+ unchanged$/m);
  });

  it('shows every entity that is deployed with --verbose', async () => {
    const { code, stderr } = await run(hello, '--verbose');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^unchanged package HelloFlow\.steps\n(unchanged action .*\n)+Deployed HelloFlow: /m);
  });

  it('lets the stock Metaflow client read the run', async () => {
    const { run: id } = answerOf(await run(hello, '--json'));
    const { stdout } = await runCommand('local/env', ['--home', local.home]);
    const program = `
from metaflow import Run
run = Run("HelloFlow/${id}")
print(run.successful, run.data.greeting, [step.id for step in run])`;
    const script = `${stdout}\nexec ${local.platform.python} -c '${program}'`;
    const { PATH } = process.env;
    const client = await promisify(execFile)('sh', ['-c', script], { env: { PATH, HOME: folder } });
    assert.equal(client.stdout, "True HELLO, WORLD! ['shout', 'greet']\n");
  });

  it('fails with the message, the place in the flow file and where to look', async () => {
    const { code, stdout, stderr } = await run(divide, '-p', 'by=0');
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /error\[run-failed\]: DivideFlow\/\S+ failed in step divide\n/);
    assert.match(stderr, new RegExp(`ZeroDivisionError: division by zero \\(divide.yaml:${DIVIDE_LINE}\\)\n`));
    assert.match(stderr, /nuvopipe logs DivideFlow\/\S+ --step divide\n/);
    assert.match(stderr, /nuvopipe deploy \S+divide\.yaml --local; .*: nuvopipe resume DivideFlow\/\S+\n$/);
    assert.doesNotMatch(stderr, /Traceback|\n\s+at /);

    const json = await run(divide, '-p', 'by=0', '--json');
    assert.equal(json.code, 1);
    const { run: id, ...answer } = answerOf(json);
    assert.deepEqual([answer.status, answer.outputs, answer.error.step], ['failed', {}, 'divide']);
    assert.equal(answer.error.task, `DivideFlow/${id}/divide/t`);
  });

  it('checks the parameters before anything is called', async () => {
    for (const [args, code] of [
      [[], 'missing-parameter'],
      [['-p', 'by=many'], 'bad-parameter'],
      [['-p', 'by=3', '-p', 'bye=3'], 'unknown-parameter'],
    ] as const) {
      const outcome = await run(divide, ...args, '--json');
      assert.equal(outcome.code, 2);
      assert.equal(answerOf(outcome).error.code, code);
      assert.doesNotMatch(outcome.stderr, /^Run /m);
    }
  });

  it('stops following when interrupted; the run continues', async () => {
    const following = startCommand('run', [slow, '--home', local.home]);
    assert.ok(await poll(async () => /✓ begin/.test(following.stderr()), 60_000), following.stderr());
    following.child.kill('SIGINT');
    const { code, stderr } = await following.done;
    assert.equal(code, 130);
    const id = /the run continues; follow it with: nuvopipe status SlowFlow\/(\S+)/.exec(stderr)?.[1];
    assert.ok(id, stderr);
    assert.equal((await readPlatform(local.home))?.pid, local.platform.pid);
    const ended = await poll(async () => {
      const status = await runCommand('status', [`SlowFlow/${id}`, '--home', local.home, '--json']);
      return answerOf(status).status === 'succeeded';
    }, 60_000);
    assert.ok(ended);
  });

  it('leaves nothing running when it is interrupted and had started the platform', async () => {
    const home = await testHome();
    try {
      const following = startCommand('run', [slow, '--json', '--home', home.path]);
      assert.ok(await poll(async () => /✓ begin/.test(following.stderr()), 60_000), following.stderr());
      following.child.kill('SIGINT');
      const outcome = await following.done;
      assert.equal(outcome.code, 130);
      assert.equal(answerOf(outcome).error.code, 'interrupted');
      assert.deepEqual(await processesOf(home.path), []);
    } finally {
      await home.remove();
    }
  });

  it('reports when the platform dies; stopping it ends the remaining step', async () => {
    const home = await testHome();
    try {
      const following = startCommand('run', [slow, '--home', home.path]);
      assert.ok(await poll(async () => /✓ begin/.test(following.stderr()), 60_000), following.stderr());
      process.kill((await readPlatform(home.path))?.pid as number, 'SIGKILL');
      const { code, stderr } = await following.done;
      assert.notEqual(code, 0);
      assert.match(stderr, /^error\[/m);
      assert.doesNotMatch(stderr, /\n\s+at /);
      await runCommand('local/stop', ['--home', home.path]);
      assert.deepEqual(await processesOf(home.path), []);
    } finally {
      await home.remove();
    }
  });

  it('reports an OpenWhisk that does not answer', async () => {
    const cluster = ['--apihost', 'http://127.0.0.1:9', '--auth', 'a:b', '--datastore', 's3://bucket/prefix'];
    const env = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
    const { code, stderr } = await runCommand('run', [hello, ...cluster, '--home', local.home], env);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^error\[[a-z-]+\]: .*127\.0\.0\.1:9/m);
  });
});
