import assert from 'node:assert/strict';
import { silentReport } from '../../src/base/terminal/progress.ts';
import { keys, prefixes } from '../../src/contract/layout.generated.ts';
import { deployBundle } from '../../src/platform/deploy/deploy-bundle.ts';
import { probeConditionalPut } from '../../src/platform/deploy/probe.ts';
import { deploySweeper, sweeperName } from '../../src/platform/deploy/sweeper.ts';
import { openWhisk, type Whisk } from '../../src/platform/openwhisk/client.ts';
import { sweepRuns } from '../../src/platform/runs/sweep-runs.ts';
import { readRecord } from '../../src/platform/s3/read-record.ts';
import type { Store } from '../../src/platform/s3/store.ts';
import { poll } from '../../src/twin/host/poll.ts';
import type { ActivationFault } from '../../src/twin/openwhisk/faults.ts';
import { startTestGateway, startTestStore, type TestStore } from '../platform/s3/s3.ts';
import { client, compileFile, deployFlow, flowFile } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS, sharedHome } from '../support/home.ts';
import { type S3Fault, type S3Proxy, type S3Request, startS3Proxy } from '../support/s3-proxy.ts';
import { startTwin, type Twin } from '../support/twin.ts';

/** The time limits are short, and so are the leases. */
const GRID = `
flow: GridFlow
resources: { timeout: 2s }
outputs: [table, kind]
steps:
  - step: make
    run: self.rows = [1, 2, 3]
    retry: { times: 3, backoff: 0 }
  - foreach: rows
    as: row
    concurrency: 3
    steps:
      - branches:
          left:
            - step: left
              run: self.part = self.row * 10
              retry: { times: 3, backoff: 0 }
          right:
            - step: right
              run: self.part = self.row * 100
              retry: { times: 3, backoff: 0 }
        join:
          step: close
          run: self.sum = inputs.left.part + inputs.right.part
          retry: { times: 3, backoff: 0 }
    join:
      step: tabulate
      run: |
        self.table = [i.sum for i in inputs]
        self.kind = "large" if sum(self.table) > 600 else "small"
      retry: { times: 3, backoff: 0 }
  - switch: kind
    cases:
      large: [{ step: praise, run: "self.table.append('!')", retry: { times: 3, backoff: 0 } }]
    default: [{ step: sigh, run: pass, retry: { times: 3, backoff: 0 } }]
`;
const OUTPUTS = { table: [110, 220, 330, '!'], kind: 'large' };

/** How long a run of it may take when everything goes wrong: leases of 9 s run out, and a sweep sees to it. */
const RUN_TIMEOUT_MS = 15_000;
const SWEEPS = 3;

/** Of all requests for S3 this part fails, in turn in each of these ways. */
const FAULTS_PART = 0.07;
const S3_FAULTS: S3Fault[] = [
  { status: 500 },
  { status: 503 },
  { reset: 'before' },
  { status: 500, isDone: true },
  { reset: 'after' },
  { reset: 'body' },
];
const SEED = 20_250;

/** A step's container, killed at its n-th activation. */
const KILLS: [number, ActivationFault][] = [
  [2, { kill: 'after' }],
  [4, { kill: 'during', afterMs: 5 }],
  [9, { kill: 'before' }],
];

interface Place {
  name: string;
  isRacy: boolean;
  /** Or why there is none here. */
  start(): Promise<TestStore | { reason: string }>;
}

const PLACES: Place[] = [
  { name: 'MiniStack', isRacy: false, start: startTestStore },
  { name: 'versitygw', isRacy: false, start: startTestGateway },
  { name: 'a store whose conditional PUTs race', isRacy: true, start: startTestStore },
];

/** Between its look and its write; lanes that claim at once come in between. */
const RACE_MS = 15;

for (const { name, isRacy, start } of PLACES) {
  describe(`a nested flow on ${name}`, function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    /** What the test itself reads meets no faults. */
    let direct: Store;
    let proxy: S3Proxy;
    let twin: Twin;
    let whisk: Whisk;
    const calm = isRacy ? () => ({ raceMs: RACE_MS }) : () => undefined;
    const runs: string[] = [];

    before(async function () {
      const s3 = await start();
      if ('reason' in s3) {
        console.log(`    not run: ${s3.reason}`);
        this.skip();
      }
      direct = s3.store;
      proxy = await startS3Proxy(direct.settings);
      proxy.fault = calm;
      const close = async () => {
        await proxy.close();
        await s3.close();
      };
      twin = await startTwin({ s3: async () => ({ store: proxy.store, close }) });
      whisk = openWhisk(twin.platform.whisk);
      const { store, home, platform } = twin;
      await deploySweeper({
        ...{ whisk, store: store.settings, python: platform.python, home, vendored: false, alarm: false },
        report: silentReport,
      });
      const flow = await flowFile(GRID);
      await deployFlow(twin, flow.file).finally(flow.remove);
    });
    after(async () => {
      whisk?.close();
      await twin?.close();
    });
    afterEach(() => {
      if (proxy) proxy.fault = calm;
      delete twin?.faults.activation;
    });

    const begin = (run: string) => client(twin).actions.invoke({ name: 'GridFlow', params: { run } });

    /** By itself, or after a sweep. */
    async function assertRight(run: string): Promise<void> {
      const result = () => readRecord(direct, keys.result({ flow: 'GridFlow', run }), 'RunResult');
      const isOver = async () => (await result()) !== undefined;
      for (let sweeps = 0; !(await poll(isOver, RUN_TIMEOUT_MS)) && sweeps < SWEEPS; sweeps++) {
        await sweepRuns(whisk, sweeperName(twin.store.settings));
      }
      assert.deepEqual(await result(), { run, status: 'succeeded', outputs: OUTPUTS });
      runs.push(run);
    }

    /** Every task of it once, with what the first run has made. */
    async function assertSameTasks(): Promise<void> {
      const made = async (run: string) =>
        [...(await twin.tasks('GridFlow', run))]
          .map(([task, { ok, objects, chose }]) => [task, ok, chose, Object.entries(objects).toSorted()] as const)
          .toSorted();
      const [first, ...others] = await Promise.all(runs.map(made));
      assert.equal(first?.length, 18);
      for (const [index, other] of others.entries()) assert.deepEqual(other, first, runs[index + 1]);
      for await (const { key } of twin.store.list(prefixes.live)) assert.fail(`${key} is still there`);
    }

    it(isRacy ? 'is deployed with a warning' : 'finds its conditional PUTs atomic', async () => {
      assert.equal(await probeConditionalPut(twin.store), isRacy ? 'racing' : 'atomic');
      if (!isRacy) return;
      const flow = await flowFile(GRID.replace('GridFlow', 'WarnedFlow'));
      const { store, platform } = twin;
      // As to a cluster: the local platform's own store is known.
      const where = { whisk, store, python: platform.python, home: await sharedHome(), vendored: true };
      const bundle = await compileFile(flow.file).finally(flow.remove);
      const { warnings } = await deployBundle({ ...where, bundle, user: 'tester', report: silentReport });
      assert.match(warnings.join('\n'), /has conditional PUTs that race/);
    });

    it('returns the right results of concurrent runs', async () => {
      const names = ['calm-1', 'calm-2', ...(isRacy ? ['calm-3', 'calm-4', 'calm-5', 'calm-6'] : [])];
      for (const run of names) await begin(run);
      for (const run of names) await assertRight(run);
      await assertSameTasks();
    });

    it('and when its containers are killed', async () => {
      for (const [index, [ordinal, fault]] of KILLS.entries()) {
        let activations = 0;
        let killed = 0;
        twin.faults.activation = ({ action }) => {
          if (!/^guest\/GridFlow\.steps\/(?!wait)/.test(action) || ++activations !== ordinal) return undefined;
          killed += 1;
          return fault;
        };
        await begin(`killed-${index}`);
        await assertRight(`killed-${index}`);
        assert.equal(killed, 1);
      }
      await assertSameTasks();
    });

    it(`and when ${Math.round(FAULTS_PART * 100)} % of all requests for S3 fail`, async () => {
      const { counts } = proxy;
      const before = counts.faults;
      proxy.fault = seeded(calm);
      for (const run of ['failing-1', 'failing-2', 'failing-3', 'failing-4']) {
        await begin(run);
        await assertRight(run);
      }
      proxy.fault = calm;
      assert.ok(counts.faults - before > 20, `${counts.faults - before} faults`);
      await assertSameTasks();
    });
  });
}

/** The same faults at the same requests, as far as these come in the same order. */
function seeded(calm: () => S3Fault | undefined): (request: S3Request) => S3Fault | undefined {
  let state = SEED;
  let faults = 0;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31 < FAULTS_PART ? S3_FAULTS[faults++ % S3_FAULTS.length] : calm();
  };
}
