import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { keys } from '../../src/contract/layout.generated.ts';
import { readRecord } from '../../src/platform/s3/read-record.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { caseFile } from '../support/cases.ts';
import { deployFlow, flowFile, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { sharedTwin, type Twin } from '../support/twin.ts';

describe('a client that sets its waiting time', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;
  before(async () => {
    twin = await sharedTwin();
    for (const file of ['linslow.yaml', 'slow.yaml']) await deployFlow(twin, caseFile('engine', file));
    const sequence = await flowFile(`
flow: SlowSequence
target: sequence
outputs: [x]
steps:
${['a', 'b'].map((step) => `  - step: ${step}\n    run: import time; time.sleep(3); self.x = 1\n`).join('')}`);
    await deployFlow(twin, sequence.file).finally(sequence.remove);
  });

  const cases: [what: string, flow: string, params: object, outputs: object][] = [
    ['a long step', 'LinSlow', { sleep: 4 }, { x: 3 }],
    ['the items of a foreach', 'SlowFlow', { n: 8, sleep: 2 }, { total: 28 }],
  ];
  for (const [index, [what, flow, params, outputs]] of cases.entries()) {
    it(`is answered by then, with the run's name, while ${what} is executed`, async () => {
      const run = `r${index}`;
      const began = performance.now();
      const { result } = await invoke(twin, flow, { ...params, wait: 1.5, run });
      const took = (performance.now() - began) / 1000;
      assert.deepEqual(result, { run, status: 'running' });
      assert.ok(took >= 1.4, `${took} s`);
      const stored = () => readRecord(twin.store, keys.result({ flow, run }), 'RunResult');
      assert.equal(await stored(), undefined, 'the answer came when the run was over');
      assert.ok(await poll(async () => (await stored()) !== undefined, 30_000));
      assert.deepEqual((await stored())?.outputs, outputs);
      const tasks = [...(await twin.tasks(flow, run)).values()];
      assert.ok(tasks.every(({ attempt, ok }) => ok && attempt === 0));
    });
  }

  it('gets the result of a native sequence, which has no conductor to launch another session', async () => {
    const { result } = await invoke(twin, 'SlowSequence', { wait: 1.5, run: 'sequence' });
    assert.deepEqual(result, { run: 'sequence', status: 'succeeded', outputs: { x: 1 } });
  });

  it('returns the result if it arrives in time', async () => {
    const { result } = await invoke(twin, 'LinSlow', { sleep: 0, wait: 20, run: 'quick' });
    assert.deepEqual(result, { run: 'quick', status: 'succeeded', outputs: { x: 3 } });
  });
});
