import assert from 'node:assert/strict';
import { keys } from '../../src/contract/layout.generated.ts';
import { CALL_ANSWER_MAX_BYTES } from '../../src/contract/protocol.generated.ts';
import { readRecord } from '../../src/platform/s3/read-record.ts';
import { caseFile } from '../support/cases.ts';
import { client, deployFlow, flowFile, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { sharedTwin, type Twin } from '../support/twin.ts';

/** The action that the flows call. */
const FLAKY = `function main({ mode, n }) {
  if (mode === 'big') return { x: 'y'.repeat(n) };
  return { ok: true };
}`;

describe('arguments and answers of actions', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;
  before(async () => {
    twin = await sharedTwin();
    await client(twin).actions.update({ name: 'flaky', action: FLAKY, kind: 'nodejs:20' });
    for (const file of ['act.yaml', 'limits.yaml', 'send.yaml', 'out.yaml'])
      await deployFlow(twin, caseFile('wf_payload', file));
  });

  const calls = async () => (await twin.activations()).filter(({ name }) => name === 'flaky').length;
  const outputs = async (flow: string, params: object) => (await invoke(twin, flow, params)).result.outputs;

  it('may be an answer of half a megabyte', async () => {
    const n = CALL_ANSWER_MAX_BYTES - '{"x":""}'.length;
    assert.deepEqual(await outputs('PayLimit', { n }), { len: n });
  });

  for (const n of [CALL_ANSWER_MAX_BYTES, 600_000, 1_040_000, 1_200_000]) {
    it(`fails the step, once, where the answer has ${n} characters`, async () => {
      const before = await calls();
      const run = `r${n}`;
      const { error } = (await invoke(twin, 'PayLimit', { n, run })).result as unknown as {
        error: Record<string, string>;
      };
      assert.equal(error.step, 'call_it');
      assert.match(String(error.message), /bytes/);
      assert.ok(Buffer.byteLength(String(error.message)) < 400, error.message);
      const stored = await readRecord(twin.store, keys.result({ flow: 'PayLimit', run }), 'RunResult');
      assert.equal(stored?.status, 'failed');
      assert.equal(await twin.store.exists(keys.live({ flow: 'PayLimit', run })), false);
      assert.equal(await calls(), before + 1);
    });
  }

  it('is retried and caught if the answer is too large', async () => {
    const before = await calls();
    assert.deepEqual(await outputs('PayAct', { n: 700_000 }), { len: 'caught' });
    assert.equal(await calls(), before + 2);
  });

  it('may be arguments of almost a megabyte; of more, the step fails by itself', async () => {
    assert.deepEqual(await outputs('PaySend', { n: 900_000 }), { len: { ok: true } });
    const before = await calls();
    await invoke(twin, 'PaySend', { n: 1_100_000, run: 'large' });
    const key = keys.failedAttempt({ flow: 'PaySend', run: 'large', step: 'call_it', task: 't', attempt: 0 });
    const attempt = await readRecord(twin.store, key, 'TaskRecord');
    assert.match(String(attempt?.error), /^its arguments have 11000\d\d bytes, but an action takes at most \d+$/);
    assert.equal(await calls(), before);
  });

  it('is at most a few hundred bytes long, however long the action makes it', async () => {
    await client(twin).actions.update({
      ...{ name: 'wordy', kind: 'nodejs:20' },
      action: "function main() { return { error: { name: 'Wordy', message: 'é'.repeat(100000) } } }",
    });
    const flow = await flowFile('flow: WordyFlow\nsteps:\n  - step: call_it\n    action: /_/wordy\n');
    await deployFlow(twin, flow.file).finally(flow.remove);
    const { error } = (await invoke(twin, 'WordyFlow')).result as unknown as { error: Record<string, string> };
    assert.equal(error.step, 'call_it');
    assert.match(String(error.message), /^é+/);
    assert.ok(Buffer.byteLength(String(error.message)) < 400);
  });

  it('omits a result that is too large from the answer; the run succeeds', async () => {
    const { result } = await invoke(twin, 'PayOut', { n: 1_200_000 });
    assert.equal(result.status, 'succeeded');
    assert.ok(JSON.stringify(result).length < 1000);
    assert.match(String(result.note), /Metaflow/);
  });
});
