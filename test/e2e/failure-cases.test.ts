import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { RunResult } from '../../src/contract/envelope.ts';
import { keys, prefixes } from '../../src/contract/layout.generated.ts';
import { readRecord } from '../../src/platform/s3/read-record.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { caseFile, runCase } from '../support/cases.ts';
import { runCommand } from '../support/command.ts';
import { artifactsOf, client, deployFlow, flowFile, invoke, stockEnvironment } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

/** As the cases' flows name it: fails in the way that it is asked for. */
const FLAKY = `async function main({ mode }) {
  if (mode === 'throw') throw new Error('out of paper')
  if (mode === 'err') return { error: { message: 'quota exceeded', code: 7 } }
  if (mode === 'slow') await new Promise(resolve => setTimeout(resolve, 60_000))
  return { mode }
}`;
const FLAKY_LIMIT_MS = 1_000;

interface Failure {
  message: string;
  step?: string;
  onFailure?: { status?: string; message?: string };
}

describe('a failure keeps its reason:', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;

  before(async () => {
    shared = await sharedPlatform();
    await client(shared).actions.update({ name: 'flaky', action: FLAKY, limits: { timeout: FLAKY_LIMIT_MS } });
  });

  const outputsOf = async (name: string, options: Parameters<typeof runCase>[2] = {}) => {
    const { result } = await runCase(shared, name, options);
    assert.equal(result.status, 'succeeded', JSON.stringify(result));
    return result.outputs as Record<string, unknown>;
  };
  const failureOf = async (name: string, options: Parameters<typeof runCase>[2] = {}) => {
    const { result } = await runCase(shared, name, options);
    assert.ok(result.error, JSON.stringify(result));
    return result.error as Failure;
  };

  /** Of a run that ends by itself. */
  const resultOf = async (flow: string, run: string): Promise<RunResult> => {
    let result: RunResult | undefined;
    const isOver = async () => {
      result = await readRecord(shared.store, keys.result({ flow, run }), 'RunResult');
      return result !== undefined;
    };
    assert.ok(await poll(isOver, 30_000), `${flow}/${run} does not end`);
    return result as RunResult;
  };

  describe('the time limit of a flow', () => {
    for (const file of ['simple.yaml', 'betweensteps.yaml', 'caught.yaml']) {
      it(`ends the run of ${file}, and onFailure follows`, async () => {
        const started = Date.now();
        const failure = await failureOf('wf_timeout', { file });
        assert.match(failure.message, /the flow was ended after its time limit of 4 s/);
        assert.deepEqual(failure.onFailure, { status: 'succeeded' });
        assert.ok(Date.now() - started < 15_000);
      });
    }

    it('ends a run that is waiting for an action', async () => {
      const { file, remove } = await flowFile(`
flow: TimedAction
timeout: 4s
steps:
  - step: ask
    action: /_/sleepy
onFailure:
  - step: tell
    run: print(self.failure)
`);
      const sleepy = 'const main = () => new Promise(resolve => setTimeout(() => resolve({}), 30_000))';
      await client(shared).actions.update({ name: 'sleepy', action: sleepy });
      try {
        await deployFlow(shared, file);
        const { actions } = client(shared);
        const started = Date.now();
        const { activationId } = await actions.invoke({ name: 'TimedAction', params: { run: 'timed' } });
        assert.ok(activationId);
        const result = await resultOf('TimedAction', 'timed');
        assert.match(String(result.error?.message), /time limit of 4 s/);
        assert.deepEqual(result.onFailure, { status: 'succeeded' });
        assert.ok(Date.now() - started < 15_000);
      } finally {
        await remove();
      }
    });
  });

  describe('catch', () => {
    it('receives the failure of an action', async () => {
      const [kind, message] = (await outputsOf('wf_catch', { file: 'act.yaml' })).caught as string[];
      assert.equal(kind, 'MetaflowExceptionWrapper');
      assert.match(String(message), /out of paper/);
      const { caught } = await outputsOf('wf_catch', { file: 'act.yaml', params: { mode: 'err' } });
      assert.match(String((caught as string[])[1]), /quota exceeded/);
      const late = await outputsOf('wf_catch', { file: 'act.yaml', params: { mode: 'slow' } });
      assert.match(String((late.caught as string[])[1]), /exceeded its time limits? of 1000 milliseconds/);
    });

    it('receives signals, time-outs and exits', async () => {
      assert.match(String((await outputsOf('segfault_catch')).how), /SIGSEGV/);
      assert.ok(String((await outputsOf('oom_catch')).how));
      const { tries } = (await outputsOf('timeout_catch')) as { tries: string[] };
      for (const text of tries) assert.match(text, /timed out after|time limit of 1 s|longer than 1 s/);
    });

    it("keeps the user's exceptions as they are", async () => {
      const { kind } = (await outputsOf('err_unpicklable_exc')) as { kind: string[] };
      assert.match(String(kind[0]), /Weird$/);
      assert.match(String(kind[1]), /weird/);
      assert.match(JSON.stringify(await outputsOf('unpicklable_catch')), /lock/);
    });
  });

  describe('the client', () => {
    it('includes it in its own error', async () => {
      await deployFlow(shared, caseFile('wf_catch', 'actnocatch.yaml'));
      const invoked = client(shared).actions.invoke({ name: 'NoCatchAct', blocking: true });
      await assert.rejects(invoked, (error: Error) =>
        /--> "(An error has occurred: Error: )?out of paper"/.test(error.message),
      );
    });

    it('receives unusual exceptions', async () => {
      assert.match((await failureOf('err_recursion')).message, /^RecursionError/);
      assert.match((await failureOf('err_group')).message, /^ExceptionGroup: several/);
      assert.match((await failureOf('err_str_raises')).message, /TypeError|Odd/);
      assert.match((await failureOf('exit_zero')).message, /exit\(0\)/);
    });
  });

  it('onFailure knows it in its first step, an action', async () => {
    const failure = await failureOf('wf_onfail', { file: 'act.yaml' });
    assert.match(failure.message, /disk 'full' \$\{oops\} <b>/);
    assert.deepEqual(failure.onFailure, { status: 'succeeded' });
    assert.deepEqual((await failureOf('wf_onfail', { file: 'second.yaml' })).onFailure, { status: 'succeeded' });
    const { onFailure } = await failureOf('wf_onfail', { file: 'item.yaml' });
    assert.match(String(onFailure?.message), /handler broke/);
  });

  it('a start that is refused for its parameters leaves a failed run, found by the id in the answer', async () => {
    const { run } = (await failureOf('wf_triggerbad', { params: { qty: 0 } })) as unknown as { run: string };
    const { error, onFailure } = await resultOf('OrderIn', run);
    assert.equal(error?.message, 'the parameter "qty" must be at least 1, not 0');
    assert.deepEqual(onFailure, { status: 'succeeded' });
    const status = await runCommand('status', [run, '--home', shared.home]);
    assert.match(status.stdout, /at least 1, not 0/, status.stderr);
    const resumed = await runCommand('resume', [run, '--home', shared.home]);
    assert.equal(resumed.code, 2, resumed.stderr);
    assert.match(resumed.stderr, /was rejected because of its parameters.*at least 1/s);
  });

  describe('retry', () => {
    /** How often a step was tried. */
    const attemptsOf = async (flow: string, run: string, step: string) => {
      let count = 0;
      for await (const _ of shared.store.list(prefixes.step({ flow, run, step }))) count++;
      return count;
    };

    for (const [file, flow, attempts] of [
      ['act.yaml', 'RetryOnAct', 1],
      ['act2.yaml', 'RetryOnAct2', 2],
      ['act3.yaml', 'RetryOnFlow', 2],
      ['act4.yaml', 'RetryOnAct4', 3],
    ] as const) {
      it(`repeats what ${file} says, ${attempts} in all`, async () => {
        await deployFlow(shared, caseFile('wf_subflow', 'child.yaml'));
        const { run } = (await failureOf('wf_retryon', { file })) as unknown as { run: string };
        assert.equal(await attemptsOf(flow, run, 'a'), attempts);
      });
    }

    it('uses the last attempt within Metaflow’s maximum', async () => {
      assert.match((await failureOf('wf_long', { file: 'retry.yaml' })).message, /^ConnectionError: not yet/);
      await outputsOf('wf_long', { file: 'retrycatch.yaml' });
    });

    it('makes more attempts than Metaflow supports; its client reads the last one', async () => {
      const text = (await readFile(caseFile('wf_long', 'retry.yaml'), 'utf8')).replace('times: 4', 'times: 8');
      const { file, remove } = await flowFile(text);
      try {
        await deployFlow(shared, file);
        const { result } = await invoke(shared, 'RetryMany', { run: 'many' });
        assert.deepEqual(result.outputs, { n: 6 }, JSON.stringify(result));
        assert.equal(await attemptsOf('RetryMany', 'many', 'flaky'), 7);
        const env = stockEnvironment(shared);
        const { steps, successful } = await artifactsOf(shared.platform.python, env, 'RetryMany/many');
        assert.equal(successful, true);
        assert.deepEqual(
          steps.flaky?.map(({ ok, artifacts }) => [ok, artifacts.n !== undefined]),
          [[true, true]],
        );
        const logs = await runCommand('logs', ['RetryMany/many', '--home', shared.home]);
        assert.match(logs.stdout, /attempt 6\).*ConnectionError/);
      } finally {
        await remove();
      }
    });
  });

  it('a run that is cancelled in the pause before an attempt ends at once, and onFailure follows', async () => {
    await deployFlow(shared, caseFile('wf_cancel', 'pause.yaml'));
    await client(shared).actions.invoke({ name: 'PauseFlow', params: { run: 'paused' } });
    const key = keys.failedAttempt({ flow: 'PauseFlow', run: 'paused', step: 'bad', task: 't', attempt: 0 });
    assert.ok(await poll(() => shared.store.exists(key), 20_000));
    await invoke(shared, 'PauseFlow', { cancel: 'paused' });
    const { status, onFailure } = await resultOf('PauseFlow', 'paused');
    assert.deepEqual([status, onFailure], ['cancelled', { status: 'succeeded' }]);
  });

  it('a run is resumed with the items that it had, whatever the flow would make now', async () => {
    const failure = await failureOf('resume_items', { file: 'flow1.yaml', params: { run: 'items1' } });
    assert.match(failure.message, /bad c/);
    const { result } = await runCase(shared, 'resume_items', { params: { run: 'items2', resume: 'items1' } });
    assert.deepEqual(result.outputs, { got: ['a', 'b', 'c'] }, JSON.stringify(result));
  });

  it('an attempt starts with the artifacts from before the step', async () => {
    assert.deepEqual(await outputsOf('retry_state'), { n: [2], seen: [2], left: false });
  });
});
