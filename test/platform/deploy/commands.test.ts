import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWhisk } from '../../../src/platform/openwhisk/client.ts';
import { poll } from '../../../src/twin/host/poll.ts';
import { runCommand, startCommand } from '../../support/command.ts';
import { client } from '../../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../../support/platform.ts';
import { freePort } from '../../support/ports.ts';

const FLOW = `flow: CommandsFlow
outputs: [sum]
steps:
  - step: begin
    run: |
      self.numbers = [1, 2, 3]
  - foreach: numbers
    as: number
    steps:
      - step: square
        run: |
          print("squaring", self.number)
          self.squared = self.number ** 2
    join:
      step: add
      run: |
        self.sum = sum(i.squared for i in inputs)
`;

describe('deploy, status, logs, metadata', () => {
  let shared: SharedPlatform;
  let folder: string;
  let file: string;
  let run: string;
  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    shared = await sharedPlatform();
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-commands-'));
    file = join(folder, 'flow.yaml');
    await writeFile(file, FLOW);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const command = (name: string, ...args: string[]) => runCommand(name, [...args, '--home', shared.home]);

  it('deploys to the local platform, and changes nothing the second time', async () => {
    const first = await command('deploy', file, '--local', '--json');
    assert.equal(first.code, 0, first.stderr);
    const { entities } = JSON.parse(first.stdout);
    assert.ok(entities.every(({ outcome }: { outcome: string }) => outcome === 'created'));
    const second = await command('deploy', file, '--local');
    assert.match(second.stdout, /CommandsFlow was deployed to http.*: 5 unchanged/);
    assert.ok(!first.stderr.includes(shared.platform.store.secretAccessKey));
  });

  it('sets schedules and prints when they start the flow next; a run does not change them', async () => {
    const scheduled = join(folder, 'scheduled.yaml');
    const write = (keys: string) => writeFile(scheduled, `flow: LeapFlow\n${keys}\nsteps: [{ step: a, run: pass }]\n`);
    await write('schedule: { cron: "0 6 29 feb *", timezone: Europe/Rome }');
    const ran = await command('run', scheduled);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /This was a single run; to start the flow automatically, use: nuvopipe deploy\n/);
    assert.doesNotMatch(ran.stderr, /trigger/);

    const deployed = await command('deploy', scheduled, '--local');
    assert.equal(deployed.code, 0, deployed.stderr);
    assert.match(deployed.stderr, /created {3}trigger LeapFlow\.schedule-[0-9a-f]{6}\n/);
    const next = /\n {2}schedule 0 6 29 feb \* Europe\/Rome: next \d{4}-02-29 06:00 \(05:00 UTC\)\n$/;
    assert.match(deployed.stdout, next);
    const again = JSON.parse((await command('deploy', scheduled, '--local', '--json')).stdout);
    assert.match(again.schedules[0].next, /^\d{4}-02-29T05:00:00\.000Z$/);
    assert.ok(again.entities.every(({ outcome }: { outcome: string }) => outcome === 'unchanged'));

    const [{ name: rule }] = again.entities.filter(({ type }: { type: string }) => type === 'rule');
    const rules = client(shared).rules;
    await rules.disable({ name: rule });
    await write('schedule: ["0 7 * * *", { cron: "0 6 29 feb *", timezone: Europe/Rome }]');
    const paused = await command('deploy', scheduled, '--local');
    assert.match(
      paused.stdout,
      /schedule 0 7 \* \* \*: next .* UTC\n {2}schedule 0 6 29 feb \* Europe\/Rome: paused, until/,
    );
    assert.ok(paused.stdout.includes(`"wsk rule enable ${rule}"`));

    await write('');
    const removed = await command('deploy', scheduled, '--local');
    assert.match(removed.stdout, /unchanged, 4 deleted\n$/);
  });

  it('shows the runs, one run, and its logs', async () => {
    const whisk = openWhisk(shared.platform.whisk);
    const { response } = await whisk.invoke('CommandsFlow', {}, { blocking: true });
    whisk.close();
    assert.ok(response);
    ({ run } = response.result as { run: string });

    const list = await command('status', '--json');
    const runs = JSON.parse(list.stdout).runs as { flow: string; run: string; status: string }[];
    assert.equal(runs.find((each) => each.flow === 'CommandsFlow')?.status, 'succeeded');

    const one = await command('status', `CommandsFlow/${run}`, '--follow');
    assert.match(one.stderr, /^✓ square 3\/3 {2}\d.*s$/m);
    assert.match(
      one.stdout,
      /succeeded in .* s\n {2}✓ {2}begin .*\n {2}✓ {2}square {2}3\/3 .*\n {2}✓ {2}add .*\n {2}✓ {2}end .*\nsum: 14\n/,
    );

    const logs = await command('logs', `CommandsFlow/${run}`, '--step', 'square');
    assert.deepEqual(
      logs.stdout.trim().split('\n').sort(),
      [1, 2, 3].map((n) => `square/t-${n - 1} | squaring ${n}`),
    );
  });

  it('resumes no run from a step that the flow does not have, and names those that it has', async () => {
    const { code, stderr, stdout } = await command('resume', `CommandsFlow/${run}`, '--from', 'nope');
    assert.deepEqual([code, stdout], [2, '']);
    assert.equal(
      stderr,
      'error[unknown-step]: the flow has no step "nope" to resume from; its steps are begin, square, add\n',
    );
    const list = await command('status', '--json');
    const runs = JSON.parse(list.stdout).runs as { flow: string }[];
    assert.equal(runs.filter(({ flow }) => flow === 'CommandsFlow').length, 1);

    const resumed = await command('resume', `CommandsFlow/${run}`, '--from', 'square');
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stderr, new RegExp(`^Run CommandsFlow/\\S+, resumed from ${run}\n`));
  });

  it('follows a run to its end, and exits as it ended', async () => {
    const failing = join(folder, 'failing.yaml');
    await writeFile(failing, 'flow: FailingFlow\nsteps: [{ step: a, run: raise ValueError(1) }]\n');
    assert.equal((await command('run', failing, '--run', 'r1')).code, 1);
    const followed = await command('status', 'FailingFlow/r1', '--follow');
    assert.equal(followed.code, 1);
    assert.match(followed.stdout, /^FailingFlow\/r1 failed/);
    assert.equal((await command('status', 'FailingFlow/r1')).code, 0);
  });

  it('reports an unknown run with exit code 2 and without a stack trace', async () => {
    const { code, stderr, stdout } = await command('logs', 'CommandsFlow/none');
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^error\[unknown-run\]: there is no run "CommandsFlow\/none" in s3:\/\/.*\n {2}hint: .*\n$/);
  });

  it('serves metadata until it is interrupted', async () => {
    const port = await freePort();
    const serving = startCommand('metadata', ['--port', String(port), '--home', shared.home]);
    try {
      const url = `http://127.0.0.1:${port}/flows/CommandsFlow/runs/${run}`;
      assert.ok(
        await poll(async () => (await fetch(url).catch(() => undefined))?.ok === true, 20_000),
        serving.stderr(),
      );
    } finally {
      serving.child.kill('SIGINT');
    }
    assert.equal((await serving.done).code, 0);
  });

  for (const [what, args, code] of [
    [
      'an unreachable API host',
      ['--apihost', 'http://127.0.0.1:1', '--auth', 'a:b', '--datastore', 's3://bucket'],
      'host-unreachable',
    ],
    ['no API host', ['--datastore', 's3://bucket'], 'no-whisk-host'],
    ['no datastore', ['--apihost', 'h', '--auth', 'a:b'], 'no-datastore'],
    ['a folder that is no bundle', [], undefined],
  ] as const) {
    it(`refuses ${what} in one message, with exit code 2`, async () => {
      const env = { WSK_CONFIG_FILE: join(folder, 'none'), AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' };
      const target = code === undefined ? folder : file;
      const outcome = await runCommand('deploy', [target, ...args, '--home', shared.home, '--json'], env);
      assert.equal(outcome.code, 2, outcome.stderr);
      const { error } = JSON.parse(outcome.stdout);
      if (code !== undefined) assert.equal(error.code, code);
      assert.doesNotMatch(outcome.stderr, /\n\s+at /);
    });
  }

  it('reports a wrong key', async () => {
    const { apihost } = shared.platform.whisk;
    const args = [file, '--apihost', apihost, '--auth', 'wrong:key', '--datastore', 's3://bucket/x', '--json'];
    const env = { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' };
    const outcome = await runCommand('deploy', [...args, '--home', shared.home], env);
    assert.deepEqual([outcome.code, JSON.parse(outcome.stdout).error.code], [2, 'whisk-credentials']);
  });
});
