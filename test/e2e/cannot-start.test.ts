import assert from 'node:assert/strict';
import { keys } from '../../src/contract/layout.generated.ts';
import { ENVELOPE_KEY } from '../../src/contract/protocol.generated.ts';
import type { Secrets } from '../../src/platform/deploy/bind-secrets.ts';
import { readRecord } from '../../src/platform/s3/read-record.ts';
import * as messages from '../../src/twin/openwhisk/messages.ts';
import { caseFile } from '../support/cases.ts';
import { deployFlow, flowFile, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { sharedTwin, type Twin } from '../support/twin.ts';

const NONE_SUCH = 'environment: { image: "example/none-such:1" }';

/** What a client is told of a failed run. */
interface Failed {
  error: { run: string; status: string; message: string; step: string };
}

describe('a step whose action cannot start', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;
  before(async () => {
    twin = await sharedTwin();
  });

  const resultOf = (flow: string, run: string) => readRecord(twin.store, keys.result({ flow, run }), 'RunResult');
  const isLive = (flow: string, run: string) => twin.store.exists(keys.live({ flow, run }));

  async function deploy(text: string, secrets: Secrets = {}): Promise<void> {
    const flow = await flowFile(text);
    await deployFlow(twin, flow.file, secrets).finally(flow.remove);
  }

  it('fails the step and the run, in the store as for the client; the run can be resumed', async () => {
    await deployFlow(twin, caseFile('engine', 'image.yaml'));
    const { result } = await invoke(twin, 'NoImage', { run: 'r1' });
    const { error } = result as unknown as Failed;
    assert.equal(error.step, 'b');
    assert.match(
      error.message,
      /^the step's activation failed: Failed to pull container image 'example\/none-such:1'\.$/,
    );
    assert.equal((await resultOf('NoImage', 'r1'))?.status, 'failed');
    assert.equal(await isLive('NoImage', 'r1'), false);
    assert.deepEqual([...(await twin.tasks('NoImage', 'r1')).keys()].sort(), ['_parameters/0', 'a/t', 'b/t']);

    const fixed = await flowFile(`
flow: NoImage
outputs: [x]
steps:
  - step: a
    run: self.x = 100
  - step: b
    run: self.x += 1
`);
    await deployFlow(twin, fixed.file).finally(fixed.remove);
    const resumed = await invoke(twin, 'NoImage', { resume: 'r1', run: 'r2' });
    assert.deepEqual(resumed.result, { run: 'r2', status: 'succeeded', outputs: { x: 2 } });
  });

  it('is caught, after its retries, in an action that starts', async () => {
    await deploy(
      `
flow: CaughtStartFlow
outputs: [seen]
steps:
  - step: a
    run: self.x = 1
  - step: b
    ${NONE_SUCH}
    secrets: [TOKEN]
    retry: { times: 1, backoff: 100ms }
    catch: problem
    run: self.x = 2
  - step: c
    run: self.seen = [self.x, str(self.problem.exception)]
`,
      { TOKEN: 'a token of the caught start' },
    );
    const { result } = await invoke(twin, 'CaughtStartFlow', { run: 'r' });
    assert.equal(result.status, 'succeeded', JSON.stringify(result));
    const [x, problem] = (result.outputs as { seen: [number, string] }).seen;
    assert.equal(x, 1);
    assert.match(problem, /Failed to pull container image/);
    assert.equal((await twin.tasks('CaughtStartFlow', 'r')).get('b/t')?.attempt, 2);
  });

  it('leads to onFailure even if every image of the flow is broken', async () => {
    await deploy(`
flow: AllBrokenFlow
environment: { image: "example/none-such:1" }
steps:
  - step: a
    run: self.x = 1
onFailure:
  - step: tell
    run: print(self.failure)
`);
    const { result } = await invoke(twin, 'AllBrokenFlow', { run: 'r' });
    assert.equal((result as unknown as Failed).error.step, 'a');
    const stored = await resultOf('AllBrokenFlow', 'r');
    assert.equal(stored?.status, 'failed');
    assert.match(JSON.stringify(stored?.onFailure), /Failed to pull container image/);
    assert.equal(await isLive('AllBrokenFlow', 'r'), false);
  });

  it('fails items of a foreach; with onError: collect the join reports it', async () => {
    await deploy(`
flow: BrokenItemsFlow
outputs: [failed]
steps:
  - step: make
    run: self.xs = [1, 2, 3]
  - foreach: xs
    concurrency: 2
    onError: collect
    minSuccess: 1
    steps:
      - step: good
        run: self.y = self.input
      - step: work
        ${NONE_SUCH}
        run: pass
    join:
      step: gather
      catch: none
      run: pass
  - step: tell
    run: self.failed = 1
`);
    const { result } = await invoke(twin, 'BrokenItemsFlow', { run: 'r' });
    const { error } = result as unknown as Failed;
    assert.match(error.message, /^0 of 3 items succeeded, but 1 must; first failure: .*Failed to pull/);
    assert.equal((await resultOf('BrokenItemsFlow', 'r'))?.status, 'failed');
  });

  it('can be one whose initialisation fails', async () => {
    await deploy(`
flow: InitErrorFlow
outputs: [x]
steps:
  - step: a
    run: self.x = 1
  - step: b
    resources: { memory: 512Mi }
    catch: problem
    run: self.x = 2
  - step: c
    run: pass
`);
    twin.faults.activation = ({ action }) =>
      /InitErrorFlow\.steps\/p512/.test(action) ? { start: messages.ABNORMAL_INITIALIZATION } : undefined;
    try {
      const { result } = await invoke(twin, 'InitErrorFlow', { run: 'r' });
      assert.deepEqual(result, { run: 'r', status: 'succeeded', outputs: { x: 1 } });
    } finally {
      delete twin.faults.activation;
    }
  });

  it('of a native sequence fails at the third sweep, and is not re-entered', async () => {
    await deploy(`
flow: BrokenSequenceFlow
target: sequence
steps:
  - step: a
    run: self.x = 1
  - step: b
    ${NONE_SUCH}
    run: pass
`);
    await invoke(twin, 'BrokenSequenceFlow', { run: 'r' });
    const key = keys.live({ flow: 'BrokenSequenceFlow', run: 'r' });
    for (let sweeps = 1; sweeps <= 3; sweeps++) {
      const entry = await readRecord(twin.store, key, 'LiveRecord');
      assert.ok(entry, `the run is over before sweep ${sweeps}`);
      await twin.store.put(key, JSON.stringify({ ...entry, expires: 1 }));
      const envelope = { run: 'r', block: 'a', step: 'a', at: [], sweep: true };
      await invoke(twin, 'BrokenSequenceFlow', { [ENVELOPE_KEY]: envelope });
    }
    const stored = await resultOf('BrokenSequenceFlow', 'r');
    assert.equal(stored?.status, 'failed');
    assert.equal(stored?.error?.step, 'b');
    assert.match(String(stored?.error?.message), /entered 3 times, but none of its activations has begun the step/);
    assert.equal(await isLive('BrokenSequenceFlow', 'r'), false);
  });
});
