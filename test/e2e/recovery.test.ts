import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentReport } from '../../src/base/terminal/progress.ts';
import type { RunResult } from '../../src/contract/envelope.ts';
import { keys, prefixes } from '../../src/contract/layout.generated.ts';
import { deploySweeper, SWEEP_EVERY_MINUTES, sweeperName } from '../../src/platform/deploy/sweeper.ts';
import { openWhisk, type Whisk } from '../../src/platform/openwhisk/client.ts';
import { RunReader } from '../../src/platform/runs/reader.ts';
import { runStatus } from '../../src/platform/runs/run-status.ts';
import { sweepRuns } from '../../src/platform/runs/sweep-runs.ts';
import { readRecord } from '../../src/platform/s3/read-record.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { runCommand } from '../support/command.ts';
import { artifactsOf, client, deployFlow, flowFile, invoke, stockEnvironment } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { startTwin, type Twin } from '../support/twin.ts';

/** A line of the journal for each time that a step's code ran. */
const NOTE = 'open(self.journal, "a").write(f"{current.step_name} {current.task_id}\\n")';
const JOURNAL = 'journal: { type: string, required: true }';

const step = (name: string, code = 'pass') => `  - step: ${name}
    run: |
      from metaflow import current
      ${NOTE}
      ${code}
`;

const linear = (name: string, more = '') => `
flow: ${name}
${more}
parameters:
  ${JOURNAL}
outputs: [count]
steps:
${step('first', 'self.count = 1')}${step('second', 'self.count += 1')}${step('third', 'self.count += 1')}`;

/** Item 1 fails as long as it is broken. */
const halfDone = (isBroken: boolean) => `
flow: HalfDoneFlow
parameters:
  ${JOURNAL}
outputs: [total]
steps:
${step('make', 'self.numbers = [0, 1, 2]')}  - foreach: numbers
    as: number
    concurrency: 1
    steps:
      - step: work
        run: |
          from metaflow import current
          ${NOTE}
          print("working on", self.number)
          ${isBroken ? 'self.worked = 10 // (1 - self.number)' : 'self.worked = 10 * self.number'}
    join:
      step: gather
      run: |
        from metaflow import current
        ${NOTE}
        self.total = sum(i.worked for i in inputs)
`;

const SLEEPY = `
flow: SleepyFlow
resources: { timeout: 2m }
parameters:
  ${JOURNAL}
steps:
${step('nap', 'import time; time.sleep(100)')}${step('wake')}onFailure:
${step('tell')}`;

/** What the stock client says of a resumed run. */
const LINEAGE = `
import sys
from metaflow import Run, Task, namespace
namespace(None)
run = Run(sys.argv[1])
print(run.origin_pathspec)
print(Task(sys.argv[1] + "/work/t-0").metadata_dict["origin-run-id"])
print(sorted(task.pathspec for task in Task(sys.argv[1] + "/gather/t").parent_tasks))
`;

describe('stalled, resumed, cancelled and doubly started runs', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  const clock = new ManualClock('2026-03-01T00:00:00.000Z');
  let twin: Twin;
  let whisk: Whisk;
  let folder: string;

  before(async () => {
    twin = await startTwin({ alarms: { clock } });
    whisk = openWhisk(twin.platform.whisk);
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-recovery-'));
    const { store, home, platform } = twin;
    await deploySweeper({
      ...{ whisk, store: store.settings, python: platform.python, home, vendored: false, alarm: true },
      report: silentReport,
    });
  });
  after(async () => {
    whisk?.close();
    await twin?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const journal = (run: string) => join(folder, run);
  const notes = async (run: string) => (await readFile(journal(run), 'utf8').catch(() => '')).split('\n').slice(0, -1);
  const resultOf = (flow: string, run: string) => readRecord(twin.store, keys.result({ flow, run }), 'RunResult');

  async function deploy(text: string): Promise<void> {
    const flow = await flowFile(text);
    await deployFlow(twin, flow.file).finally(flow.remove);
  }

  const start = (flow: string, run: string) =>
    client(twin).actions.invoke({ name: flow, params: { run, journal: journal(run) } });

  async function ending(flow: string, run: string): Promise<RunResult> {
    const isOver = await poll(async () => (await resultOf(flow, run)) !== undefined, 20_000);
    assert.ok(isOver, `${flow}/${run} has not ended: ${(await twin.keys(flow, run)).join(' ')}`);
    return (await resultOf(flow, run)) as RunResult;
  }

  async function live(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of twin.store.list(prefixes.live)) found.push(key.slice(prefixes.live.length));
    return found;
  }

  /** As if so much time had passed. */
  async function letLeaseRunOut(flow: string, run: string): Promise<void> {
    const key = keys.live({ flow, run });
    const entry = await readRecord(twin.store, key, 'LiveRecord');
    assert.ok(entry, `${flow}/${run} is not among those that are live`);
    await twin.store.put(key, JSON.stringify({ ...entry, expires: 1 }));
  }

  /** Starts a run whose first session is forgotten after so many components. */
  async function lose(flow: string, run: string, after: number): Promise<void> {
    let lost = false;
    twin.faults.dropSession = ({ action, components }) => {
      const drop = !lost && action === `guest/${flow}` && components === after;
      lost ||= drop;
      return drop;
    };
    await start(flow, run);
    assert.ok(await poll(async () => lost, 20_000), 'no session was lost');
    delete twin.faults.dropSession;
    await letLeaseRunOut(flow, run);
  }

  describe('a lost session', () => {
    for (const after of [1, 2]) {
      it(`of a linear flow, after ${after} of its steps, is recovered by one sweep`, async () => {
        if (after === 1) await deploy(linear('LostFlow'));
        const run = `lost-${after}`;
        await lose('LostFlow', run, after);
        const found = await sweepRuns(whisk, sweeperName(twin.store.settings));
        assert.deepEqual([found.live, found.swept], [1, [`LostFlow/${run}`]]);
        const { status, outputs } = await ending('LostFlow', run);
        assert.deepEqual([status, outputs], ['succeeded', { count: 3 }]);
        assert.deepEqual(await notes(run), ['first t', 'second t', 'third t']);
        assert.ok(await poll(async () => (await live()).length === 0, 5_000), 'it is live still');
      });
    }

    it('is found by the alarm', async () => {
      await lose('LostFlow', 'lost-alarm', 1);
      await clock.advance(SWEEP_EVERY_MINUTES * 60_000);
      assert.equal((await ending('LostFlow', 'lost-alarm')).status, 'succeeded');
      assert.deepEqual(await notes('lost-alarm'), ['first t', 'second t', 'third t']);
    });

    it('of a native sequence, too', async () => {
      await deploy(linear('LostSequenceFlow', 'target: sequence'));
      let steps = 0;
      twin.faults.activation = ({ action }) => {
        if (!action.startsWith('guest/LostSequenceFlow.steps/')) return undefined;
        steps += 1;
        return steps === 2 ? { kill: 'before' } : undefined;
      };
      await start('LostSequenceFlow', 'lost');
      assert.ok(await poll(async () => steps === 2, 20_000));
      delete twin.faults.activation;
      await letLeaseRunOut('LostSequenceFlow', 'lost');
      await sweepRuns(whisk, sweeperName(twin.store.settings));
      const { status, outputs } = await ending('LostSequenceFlow', 'lost');
      assert.deepEqual([status, outputs], ['succeeded', { count: 3 }]);
      assert.deepEqual(await notes('lost'), ['first t', 'second t', 'third t']);
    });
  });

  describe('a failed run', () => {
    before(async () => {
      await deploy(halfDone(true));
      const { result } = await invoke(twin, 'HalfDoneFlow', { run: 'r1', journal: journal('r1') });
      assert.equal((result.error as { step: string }).step, 'work');
      await deploy(halfDone(false));
      const resumed = await invoke(twin, 'HalfDoneFlow', { resume: 'r1', run: 'r2' });
      assert.deepEqual([resumed.result.status, resumed.result.outputs], ['succeeded', { total: 10 + 10 + 20 }]);
    });

    it('executes only missing steps after a fix and a deploy', async () => {
      assert.deepEqual(await notes('r1'), ['make t', 'work t-0', 'work t-1', 'work t-1', 'work t-2', 'gather t']);
      const tasks = await twin.tasks('HalfDoneFlow', 'r2');
      const taken = [...tasks].flatMap(([task, { origin }]) => (origin === undefined ? [] : [task]));
      assert.deepEqual(taken.toSorted(), ['_parameters/0', 'make/t', 'work/t-0']);
      const status = await runStatus(new RunReader(twin.store), { flow: 'HalfDoneFlow', run: 'r2' });
      assert.deepEqual(
        status?.steps.map(({ step: name, succeeded, reused }) => [name, succeeded, reused]).slice(0, 2),
        [
          ['make', 1, 1],
          ['work', 3, 1],
        ],
      );
    });

    it('is read by Metaflow’s client: artifacts, logs, parents and origin', async () => {
      const env = stockEnvironment(twin);
      const { python } = twin.platform;
      const { successful, steps } = await artifactsOf(python, env, 'HalfDoneFlow/r2');
      assert.ok(successful);
      assert.deepEqual(
        steps.work?.map(({ artifacts, stdout }) => [artifacts.worked, stdout]),
        [0, 1, 2].map((item) => [item === 0 ? '10' : String(10 * item), `working on ${item}\n`]),
      );
      const { stdout } = await promisify(execFile)(python, ['-c', LINEAGE, 'HalfDoneFlow/r2'], { env });
      assert.deepEqual(stdout.split('\n').slice(0, -1), [
        'HalfDoneFlow/r1',
        'r1',
        "['HalfDoneFlow/r2/work/t-0', 'HalfDoneFlow/r2/work/t-1', 'HalfDoneFlow/r2/work/t-2']",
      ]);
    });

    it('is repeated from a given step', async () => {
      const { whisk: where, store } = twin.platform;
      const flags = ['--apihost', where.apihost, '--auth', where.auth, '--datastore', twin.store.root];
      const keys = { AWS_ACCESS_KEY_ID: store.accessKeyId, AWS_SECRET_ACCESS_KEY: store.secretAccessKey };
      const env = { ...keys, AWS_REGION: store.region, AWS_ENDPOINT_URL_S3: store.endpoint };
      const args = ['--from', 'gather', ...flags];
      const { code, stdout, stderr } = await runCommand('resume', ['HalfDoneFlow/r2', '--run', 'r3', ...args], env);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, 'total = 40\n');
      assert.doesNotMatch(stderr, /has changed/);
      assert.match(stderr, /Run HalfDoneFlow\/r3, resumed from r2\n/);
      assert.match(stderr, /^= work 3\/3 {2}reused$/m);
      assert.match(stderr, /^✓ gather {2}/m);
      assert.equal((await notes('r1')).filter((note) => note === 'gather t').length, 2);

      const older = await runCommand('resume', ['HalfDoneFlow/r1', '--run', 'r4', ...args], env);
      assert.equal(older.code, 0, older.stderr);
      assert.match(older.stderr, /^The deployed flow has changed since that run \(version \w+ → \w+\)\n/);
    });
  });

  it('a cancelled run and its steps end at once, and onFailure runs', async () => {
    await deploy(SLEEPY);
    await start('SleepyFlow', 'nap');
    assert.ok(await poll(async () => (await notes('nap')).length === 1, 20_000), 'nothing has begun');
    const asked = performance.now();
    const { result } = await invoke(twin, 'SleepyFlow', { cancel: 'nap' });
    assert.equal(result.status, 'cancelled');
    assert.ok(await poll(async () => twin.server.containers().busy === 0, 10_000), 'a container is busy still');
    assert.ok(performance.now() - asked < 10_000);
    assert.deepEqual(await notes('nap'), ['nap t', 'tell t']);
    assert.equal((await ending('SleepyFlow', 'nap')).status, 'cancelled');
    assert.deepEqual(await live(), []);
    assert.equal((await invoke(twin, 'SleepyFlow', { cancel: 'nap' })).result.status, 'cancelled');
  });

  it('a run that is started twice under one name is one run, also at once', async () => {
    await deploy(linear('TwiceFlow'));
    const params = { run: 'order-7', journal: journal('order-7') };
    const answers = await Promise.all([invoke(twin, 'TwiceFlow', params), invoke(twin, 'TwiceFlow', params)]);
    answers.push(await invoke(twin, 'TwiceFlow', params));
    for (const { result } of answers) {
      assert.deepEqual(result, { run: 'order-7', status: 'succeeded', outputs: { count: 3 } });
    }
    assert.deepEqual(await notes('order-7'), ['first t', 'second t', 'third t']);
    assert.deepEqual(await live(), []);
  });
});
