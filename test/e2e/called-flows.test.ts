import assert from 'node:assert/strict';
import type { RunResult } from '../../src/contract/envelope.ts';
import { keys, prefixes } from '../../src/contract/layout.generated.ts';
import { readRecord } from '../../src/platform/s3/read-record.ts';
import type { Store } from '../../src/platform/s3/store.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { caseFile, runCase } from '../support/cases.ts';
import { client, deployFlow, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

describe('flows as steps', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  let store: Store;

  before(async () => {
    shared = await sharedPlatform();
    store = shared.store;
    for (const file of ['child.yaml', 'parent.yaml']) await deployFlow(shared, caseFile('wf_subflow', file));
  });

  const start = (flow: string, params: object) => client(shared).actions.invoke({ name: flow, params });
  const has = (flow: string, run: string, name: string) => store.exists(prefixes.run({ flow, run }) + name);
  const resultOf = async (flow: string, run: string, withinMs: number): Promise<RunResult> => {
    assert.ok(await poll(() => has(flow, run, 'result.json'), withinMs), `${flow}/${run} does not end`);
    return (await readRecord(store, keys.result({ flow, run }), 'RunResult')) as RunResult;
  };
  const modified = async (flow: string, run: string) => {
    for await (const { key, modified } of store.list(prefixes.run({ flow, run }))) {
      if (key.endsWith('/result.json')) return modified;
    }
    throw new Error(`${flow}/${run} has no result`);
  };

  it('end when the run that has started them is cancelled', async () => {
    await start('ParentFlow', { run: 'cancelled-family', secs: 40 });
    assert.ok(await poll(() => has('ChildFlow', 'cancelled-family-sub-t', 'tasks/_parameters/0/commit'), 20_000));
    await invoke(shared, 'ParentFlow', { cancel: 'cancelled-family' });
    assert.equal((await resultOf('ParentFlow', 'cancelled-family', 15_000)).status, 'cancelled');
    assert.equal((await resultOf('ChildFlow', 'cancelled-family-sub-t', 15_000)).status, 'cancelled');
    assert.equal(await has('ChildFlow', 'cancelled-family-sub-t', 'tasks/after/t/commit'), false);
  });

  it('are noticed within two seconds when they end', async () => {
    const { result } = await invoke(shared, 'ParentFlow', { run: 'patient', secs: 12, n: 4 });
    assert.deepEqual(result.outputs, { got: { r: 8 } });
    const [parent, child] = await Promise.all([
      modified('ParentFlow', 'patient'),
      modified('ChildFlow', 'patient-sub-t'),
    ]);
    assert.ok(parent - child <= 3_000, `after ${parent - child} ms`); // to the second, with the last step
  });

  it('contain the reason of a refusal', async () => {
    const { result } = await runCase(shared, 'wf_subflow', { file: 'wrongparam.yaml' });
    assert.match(String((result.outputs as { v: string }).v), /the parameter "n" must be a whole number/);
    const missing = await runCase(shared, 'wf_subflow', { file: 'missing.yaml' });
    assert.match(JSON.stringify(missing.result.error), /there is no such flow in this namespace/);
  });

  it('start one another once per second', async () => {
    const generations = 12;
    await deployFlow(shared, caseFile('wf_long', 'deep.yaml'));
    const started = Date.now();
    const { result } = await invoke(shared, 'DeepRec', { n: generations });
    assert.deepEqual(result.outputs, { v: generations });
    assert.ok(Date.now() - started < 45_000, `${Date.now() - started} ms`);
    const recursive = await runCase(shared, 'wf_subflow', { file: 'recursive.yaml' });
    assert.deepEqual(recursive.result.outputs, { v: 3 });
  });

  it('work on the items of a foreach, some of which fail', async () => {
    await deployFlow(shared, caseFile('wf_subfan', 'fan.yaml'));
    await start('SubFan', { run: 'fanned' });
    const { outputs } = await resultOf('SubFan', 'fanned', 120_000);
    assert.deepEqual(
      outputs?.rs,
      Array.from({ length: 22 }, (_, n) => n * 2),
    );
  });

  it('are resumed with the run that has started them', async () => {
    await deployFlow(shared, caseFile('wf_subresume', 'c.yaml'));
    await deployFlow(shared, caseFile('wf_subresume', 'p.yaml'));
    await invoke(shared, 'CostParent', { run: 'first' });
    await deployFlow(shared, caseFile('wf_subresume', 'c2.yaml'));
    const { result } = await invoke(shared, 'CostParent', { run: 'second', resume: 'first' });
    assert.deepEqual(result.outputs, { got: { r: 7 } });
    const { origin } = (await readRecord(
      store,
      keys.commit({ flow: 'CostChild', run: 'second-sub-t', step: 'costly', task: 't' }),
      'TaskRecord',
    )) as { origin: string };
    assert.equal(origin, 'CostChild/first-sub-t/costly/t');
  });
});
