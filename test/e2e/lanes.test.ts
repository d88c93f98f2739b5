import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Envelope, RunResult } from '../../src/contract/envelope.ts';
import { keys } from '../../src/contract/layout.generated.ts';
import type { Bundle } from '../../src/contract/manifest.ts';
import { ENVELOPE_KEY, ENVELOPE_MAX_BYTES } from '../../src/contract/protocol.generated.ts';
import { poll } from '../../src/twin/host/poll.ts';
import type { Activation } from '../../src/twin/openwhisk/activation-store.ts';
import type { SessionInfo } from '../../src/twin/openwhisk/faults.ts';
import { artifactsOf, client, deployFlow, flowFile, invoke, stockEnvironment } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { isConductor, sharedTwin, startTwin, type Twin } from '../support/twin.ts';

/** A line of the journal for each time that a step's code ran. */
const NOTE = 'open(self.journal, "a").write(f"{current.step_name} {current.task_id}\\n")';

/** Two lanes, an item each; item 0, the first session's, takes longer. The time limits are short, and so are the leases. */
const pair = (name: string) => `
flow: ${name}
parameters:
  journal: { type: string, required: true }
  awaited: { type: string, default: work t-1, help: 'item 0 is not done before this is in the journal' }
  lethal: { type: boolean, default: false, help: 'the first to work on item 1 takes its container with it' }
resources: { timeout: 3s }
outputs: [total]
steps:
  - step: make
    run: self.numbers = [0, 1]
  - foreach: numbers
    as: number
    concurrency: 2
    steps:
      - step: work
        run: |
          import os, time
          from metaflow import current
          ${NOTE}
          self.worked = self.number + 10
          if self.lethal and self.number == 1 and open(self.journal).read().count("work t-1") == 1:
              os.kill(os.getsid(0), 9)
          patience = time.time() + 2
          while self.number == 0 and self.awaited not in open(self.journal).read() and time.time() < patience:
              time.sleep(0.02)
          time.sleep(0.3 if self.number == 0 else 0)
      - step: polish
        run: |
          from metaflow import current
          ${NOTE}
          self.polished = self.worked * 2
    join:
      step: gather
      run: |
        from metaflow import current
        ${NOTE}
        self.total = sum(i.polished for i in inputs)
  - step: done
    run: |
      from metaflow import current
      ${NOTE}
`;
const PAIR_TASKS = ['done/t', 'gather/t', 'make/t', 'polish/t-0', 'polish/t-1', 'work/t-0', 'work/t-1'];

/** As many items as asked for, on as many lanes as `concurrency` says. */
const wide = (name: string, concurrency: number) => `
flow: ${name}
parameters:
  items: { type: integer, required: true }
  journal: { type: string, required: true }
outputs: [total]
steps:
  - step: make
    run: self.numbers = list(range(self.items))
  - foreach: numbers
    as: number
    concurrency: ${concurrency}
    steps:
      - step: square
        run: |
          import time
          from metaflow import current
          ${NOTE}
          time.sleep(0.02)
          self.squared = self.number ** 2
    join:
      step: gather
      run: |
        from metaflow import current
        ${NOTE}
        self.total = sum(i.squared for i in inputs)
  - step: done
    run: |
      from metaflow import current
      ${NOTE}
`;
const sumOfSquares = (items: number) => ((items - 1) * items * (2 * items - 1)) / 6;

const long = (name: string, steps: number) => `
flow: ${name}
outputs: [count]
steps:
  - step: begin
    run: self.count = 1
${Array.from({ length: steps - 1 }, (_, index) => `  - step: add_${index + 1}\n    run: self.count += 1\n`).join('')}`;

/** Inner pools: the first inner item of the outer item 0 belongs to a session of its own when it is reached. */
const NESTED = `
flow: NestedLossFlow
resources: { timeout: 1s }
outputs: [table]
steps:
  - step: make
    run: self.rows = [[1, 2], [3, 4]]
  - foreach: rows
    as: row
    concurrency: 2
    steps:
      - step: open_row
        run: self.cells = self.row
      - foreach: cells
        as: cell
        concurrency: 2
        steps:
          - step: fill
            run: |
              import time
              time.sleep(0.2)
              self.value = self.cell * 10
          - step: check
            run: self.checked = self.value + 1
        join:
          step: close_row
          run: self.values = [i.checked for i in inputs]
    join:
      step: tabulate
      run: self.table = [i.values for i in inputs]
`;

interface Loss {
  flow: string;
  text: string;
  what: string;
  /** Sessions by the order in which they began: 0 is the one that the client waits for. */
  drop(session: number, components: number): boolean;
  params?: object;
  outputs: object;
  tasks: string[];
  /** Steps whose code may have run twice; of all others one execution is the rule. */
  twice?: string;
}

const ofPair = { outputs: { total: 42 }, tasks: PAIR_TASKS };
const LOSSES: Loss[] = [
  {
    flow: 'LaneLostFlow',
    text: pair('LaneLostFlow'),
    what: 'a lane between two steps of its item',
    drop: (session, components) => session === 1 && components === 1,
    ...ofPair,
  },
  {
    flow: 'HomeLostFlow',
    text: pair('HomeLostFlow'),
    what: 'the first session between two steps of its item',
    drop: (session, components) => session === 0 && components === 2,
    ...ofPair,
  },
  {
    flow: 'StepLostFlow',
    text: pair('StepLostFlow'),
    what: 'a lane and its container, in the middle of a step',
    drop: (session, components) => session === 1 && components === 1,
    params: { lethal: true },
    twice: 'work t-1',
    ...ofPair,
  },
  {
    flow: 'JoinLostFlow',
    text: pair('JoinLostFlow'),
    what: 'the session that has claimed the join',
    drop: (session, components) => session === 0 && components === 3,
    // The other lane has found nothing more to do by then, and watches.
    params: { awaited: 'polish t-1' },
    ...ofPair,
  },
  {
    flow: 'NestedLossFlow',
    text: NESTED,
    what: 'a lane in a pool within a pool',
    drop: (session, components) => session === 2 && components === 1,
    outputs: {
      table: [
        [11, 21],
        [31, 41],
      ],
    },
    tasks: [
      ...['make/t', 'tabulate/t', 'end/t'],
      ...['0', '1'].flatMap((row) => [
        `open_row/t-${row}`,
        `close_row/t-${row}`,
        ...['0', '1'].flatMap((cell) => [`fill/t-${row}-${cell}`, `check/t-${row}-${cell}`]),
      ]),
    ],
  },
];

describe('lanes', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;
  let folder: string;
  const journal = (run: string) => join(folder, run);
  const notes = async (run: string) => (await readFile(journal(run), 'utf8').catch(() => '')).split('\n').slice(0, -1);
  const lost = new Map<string, number>();

  before(async () => {
    twin = await sharedTwin();
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-lanes-'));
    await loseSessions();
  });
  after(async () => {
    delete twin.faults.dropSession;
    await rm(folder, { recursive: true, force: true });
  });

  async function deploy(text: string, on = twin): Promise<Bundle> {
    const flow = await flowFile(text);
    try {
      return await deployFlow(on, flow.file);
    } finally {
      await flow.remove();
    }
  }

  /** Without waiting: the session that is asked may be lost. */
  async function start(flow: string, run: string, params: object = {}, on = twin): Promise<void> {
    await client(on).actions.invoke({ name: flow, params: { run, ...params } });
  }

  async function ending(flow: string, run: string, on = twin): Promise<RunResult> {
    const key = keys.result({ flow, run });
    const ended = await poll(() => on.store.exists(key), 60_000);
    assert.ok(ended, `${flow}/${run} has not ended: ${(await on.keys(flow, run)).join(' ')}`);
    return JSON.parse(Buffer.from((await on.store.get(key))?.body ?? '').toString());
  }

  /** All of them, and before all other tests: each waits for a lease to run out. */
  async function loseSessions(): Promise<void> {
    const sessions = new Map<string, string[]>();
    twin.faults.dropSession = ({ action, activationId, components }: SessionInfo) => {
      const loss = LOSSES.find(({ flow }) => isConductor(action, flow));
      if (loss === undefined) return false;
      const seen = sessions.get(loss.flow) ?? [];
      if (!seen.includes(activationId)) sessions.set(loss.flow, [...seen, activationId]);
      const index = (sessions.get(loss.flow) as string[]).indexOf(activationId);
      const drop = loss.drop(index, components);
      if (drop) lost.set(loss.flow, (lost.get(loss.flow) ?? 0) + 1);
      return drop;
    };
    for (const { flow, text, params } of LOSSES) {
      await deploy(text);
      const wanted = text.includes('journal:') ? { journal: journal(flow) } : {};
      await start(flow, flow, { ...wanted, ...params });
    }
  }

  describe('and throttles', () => {
    for (const status of [429, 503] as const) {
      it(`a run finishes on one lane when every launch is answered with ${status} (I4)`, async () => {
        const flow = `Refused${status}Flow`;
        await deploy(wide(flow, 5));
        let refused = 0;
        twin.faults.refuse = (path) => {
          if (!isConductor(path, flow)) return undefined;
          return refused++ === 0 ? undefined : status;
        };
        const { result } = await invoke(twin, flow, { items: 12, journal: journal(flow) });
        delete twin.faults.refuse;
        assert.deepEqual([result.status, result.outputs], ['succeeded', { total: sumOfSquares(12) }]);
        assert.ok(refused > 1, 'no launch was refused');
        assert.equal((await sessionsOf(flow)).length, 1);
      });
    }

    it('a session that cannot hand over tries again at the next step (I4)', async () => {
      await deploy(long('AskAgainFlow', 60));
      let asked = 0;
      twin.faults.refuse = (path) => {
        if (!isConductor(path, 'AskAgainFlow')) return undefined;
        return [1, 2].includes(asked++) ? 429 : undefined;
      };
      const { result } = await invoke(twin, 'AskAgainFlow', { wait: 300 });
      delete twin.faults.refuse;
      assert.deepEqual([result.status, result.outputs, asked], ['succeeded', { count: 60 }, 4]);
    });

    it('of the default size only delay four runs of 20 lanes each (I4)', async () => {
      const throttled = await startTwin({ limits: {} });
      let asked = 0;
      throttled.faults.refuse = () => {
        asked += 1;
        return undefined;
      };
      try {
        await deploy(wide('ThrottledFlow', 20), throttled);
        const runs = ['one', 'two', 'three', 'four'];
        const items = 25;
        await Promise.all(runs.map((run) => start('ThrottledFlow', run, { items, journal: journal(run) }, throttled)));
        for (const run of runs) {
          const result = await ending('ThrottledFlow', run, throttled);
          assert.deepEqual([result.status, result.outputs], ['succeeded', { total: sumOfSquares(items) }]);
          const ran = await notes(run);
          assert.equal(ran.length, 27);
          assert.equal(new Set(ran).size, 27);
        }
        const begun = (await throttled.activations()).filter(({ cause }) => cause === undefined).length;
        assert.ok(begun < asked, 'nothing was refused');
      } finally {
        await throttled.close();
      }
    });
  });

  describe('that continue in new sessions', () => {
    it('100 steps in a row, with the real result for a client that waits', async () => {
      await deploy(long('LongFlow', 100));
      const { result } = await invoke(twin, 'LongFlow');
      assert.deepEqual([result.status, result.outputs], ['succeeded', { count: 100 }]);
      assert.ok(await poll(async () => (await sessionsOf('LongFlow')).length === 3, 10_000), 'not three sessions');
    });

    it('120 items on two lanes: each item once, one join, one end (I1, I2)', async () => {
      await deploy(wide('WideFlow', 2));
      const { result } = await invoke(twin, 'WideFlow', { items: 120, journal: journal('wide') });
      assert.deepEqual([result.status, result.outputs], ['succeeded', { total: sumOfSquares(120) }]);
      const items = Array.from({ length: 120 }, (_, item) => `square t-${item}`);
      assert.deepEqual((await notes('wide')).sort(), ['done t', 'gather t', ...items].sort());
      // 123 steps, and a session has room for 46.
      assert.ok(await poll(async () => (await sessionsOf('WideFlow')).length >= 3, 10_000), 'too few sessions');
    });
  });

  /** Of the compositions: records that have no cause. */
  async function sessionsOf(flow: string): Promise<Activation[]> {
    const isSession = ({ annotations, cause }: Activation) =>
      cause === undefined && annotations.some(({ key, value }) => key === 'path' && isConductor(String(value), flow));
    return (await twin.activations()).filter(isSession);
  }

  describe('that do the same', () => {
    it('one of two executions of a task is committed, and the client reads that one (I1)', async () => {
      const bundle = await deploy(`
flow: TwiceFlow
parameters: { journal: { type: string, required: true } }
outputs: [token]
steps:
  - step: begin
    run: self.begun = True
  - step: draw
    run: |
      import os, time
      from metaflow import current
      ${NOTE}
      self.token = os.urandom(8).hex()
      print("drew", self.token)
      while open(self.journal).read().count("draw") < 2:
          time.sleep(0.02)
  - step: last
    run: |
      from metaflow import current
      ${NOTE}
`);
      await start('TwiceFlow', 'twice', { journal: journal('twice') });
      assert.ok(await poll(async () => (await notes('twice')).length === 1, 20_000));
      const envelope: Envelope = {
        ...{ run: 'twice', block: bundle.plan.steps.draw?.block as string, step: 'draw', at: [], again: true },
      };
      const other = await invoke(twin, 'TwiceFlow', { [ENVELOPE_KEY]: envelope });
      const result = await ending('TwiceFlow', 'twice');
      assert.equal(result.status, 'succeeded');
      assert.equal(other.result.run, 'twice');
      const noted = await notes('twice');
      assert.deepEqual(noted.slice(0, 2), ['draw t', 'draw t']);
      // Both sessions go on: whichever is behind may begin the last step before the other one has committed it.
      assert.deepEqual([...new Set(noted.slice(2))], ['last t']);
      const read = await artifactsOf(twin.platform.python, stockEnvironment(twin), 'TwiceFlow/twice');
      const { token } = result.outputs as { token: string };
      assert.equal(read.steps.draw?.[0]?.artifacts.token, `'${token}'`);
      assert.equal(read.steps.draw?.[0]?.stdout, `drew ${token}\n`);
      assert.equal(read.steps.last?.[0]?.artifacts.token, `'${token}'`);
    });

    it('a late lane changes nothing (I2, I7)', async () => {
      const bundle = await deploy(wide('LateFlow', 3));
      const { result } = await invoke(twin, 'LateFlow', { items: 3, run: 'late', journal: journal('late') });
      const before = await twin.keys('LateFlow', 'late');
      const block = bundle.plan.steps.square?.block as string;
      const late: Envelope = { run: 'late', block, step: 'square', at: [1], claim: true };
      await invoke(twin, 'LateFlow', { [ENVELOPE_KEY]: late });
      await invoke(twin, 'LateFlow', { [ENVELOPE_KEY]: { ...late, claim: undefined, again: true } });
      assert.equal(result.status, 'succeeded');
      assert.deepEqual(await twin.keys('LateFlow', 'late'), before);
      assert.equal((await notes('late')).length, 5);
    });
  });

  it('pass less than 1 kB from step to step, whatever the artifacts weigh (I5)', async () => {
    await deploy(`
flow: HeavyFlow
outputs: [sizes]
steps:
  - step: make
    run: |
      import os
      self.heavy = os.urandom(5_000_000)
      self.numbers = [1, 2, 3]
  - foreach: numbers
    as: number
    steps:
      - step: weigh
        run: |
          import os
          self.size = len(self.heavy)
          self.other = os.urandom(1_000_000)
    join:
      step: gather
      run: self.sizes = [i.size for i in inputs]
`);
    const { result } = await invoke(twin, 'HeavyFlow');
    assert.deepEqual(result.outputs, { sizes: [5_000_000, 5_000_000, 5_000_000] });
    // Lanes that found nothing left to do may still be ending.
    const records = async () => {
      const sessions = new Set((await sessionsOf('HeavyFlow')).map(({ activationId }) => activationId));
      return (await twin.activations()).filter(({ cause }) => sessions.has(cause ?? ''));
    };
    const steps = async () => (await records()).filter(({ name }) => !/^(HeavyFlow|flow-)/.test(name));
    assert.ok(await poll(async () => (await steps()).length >= 6, 10_000), 'there are too few records of steps');
    for (const record of await records()) {
      const { block, params } = record.response.result as { block?: string; params?: object };
      for (const envelope of block === undefined ? [params] : [record.response.result, params]) {
        assert.ok(JSON.stringify(envelope ?? {}).length < ENVELOPE_MAX_BYTES, JSON.stringify(envelope));
      }
    }
  });

  describe('that lose', () => {
    for (const { flow, what, outputs, tasks, twice } of LOSSES) {
      it(`${what}: the run ends correctly, and no committed task runs again (I3)`, async () => {
        const result = await ending(flow, flow);
        assert.equal(lost.get(flow), 1, 'no session was lost');
        assert.deepEqual(result, { run: flow, status: 'succeeded', outputs });
        assert.deepEqual([...(await twin.tasks(flow, flow)).keys()].sort(), ['_parameters/0', ...tasks].sort());
        const ran = await notes(flow);
        assert.deepEqual(
          ran.filter((note, index) => ran.indexOf(note) !== index),
          twice === undefined ? [] : [twice],
        );
      });
    }
  });
});
