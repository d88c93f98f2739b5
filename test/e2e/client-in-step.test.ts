import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { keys } from '../../src/contract/layout.generated.ts';
import { readRecord } from '../../src/platform/s3/read-record.ts';
import { withMetaflow } from '../platform/metadata/real-runs.ts';
import { caseFile, OWN_RUN_OUTPUTS, runCase } from '../support/cases.ts';
import { deployFlow, flowFile, invoke, stockEnvironment } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

describe("Metaflow's client inside a step", function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  before(async () => {
    shared = await sharedPlatform();
    await runCase(shared, 'train_first');
  });

  it('reads the latest run of another flow, and its own', async () => {
    const { result } = await runCase(shared, 'client_in_step', { params: { run: 'reader' } });
    assert.deepEqual(result.outputs, { weights: [1, 2, 3], own: 'ClientInStep/reader' });
  });

  it('can still use an explicitly configured metadata service', async () => {
    const text = await readFile(caseFile('client_in_step_url'), 'utf8');
    const flow = await flowFile(text.replace('http://127.0.0.1:27059', shared.platform.metadataUrl));
    await deployFlow(shared, flow.file);
    await flow.remove();
    assert.deepEqual((await invoke(shared, 'ClientInStepUrl')).result.outputs, { weights: [1, 2, 3] });
  });

  it('provides everything in `current`', async () => {
    const { result } = await runCase(shared, 'current_all', { params: { run: 'now' } });
    const { facts } = result.outputs as { facts: Record<string, string> };
    assert.deepEqual(
      { ...facts, graph: '', namespace: '', username: '' },
      {
        ...facts,
        ...{ flow_name: "'CurrentAll'", run_id: "'now'", step_name: "'look'", task_id: "'t'", retry_count: '0' },
        ...{ origin_run_id: 'None', pathspec: "'CurrentAll/now/look/t'", tags: "{'nightly'}" },
        ...{ is_running_flow: 'True', parameter_names: "['alpha']" },
        ...{ task: "Task('CurrentAll/now/look/t')", run: "Run('CurrentAll/now')" },
        ...{ graph: '', namespace: '', username: '' },
      },
    );
  });

  it('sees its own run in progress; in threads, forks and new interpreters; its tags survive the end', async () => {
    const { result } = await runCase(shared, 'client_own_run', { params: { run: 'own' } });
    assert.deepEqual(result.outputs, OWN_RUN_OUTPUTS, JSON.stringify(result));
    const record = await readRecord(shared.store, keys.run({ flow: 'ClientOwnRun', run: 'own' }), 'RunRecord');
    assert.deepEqual(record?.tags, ['b', 'from a child']);
  });

  it('leaves S3 to metaflow.S3, as before', async () => {
    const { result } = await runCase(shared, 's3_in_step');
    const { back, many } = result.outputs as Record<string, unknown>;
    assert.deepEqual([back, many], ['hello', ['0', '1', '2', '3', '4']]);
  });

  it('reads what a Runner has run in the step; a run is an artifact like any other', async () => {
    const { result } = await runCase(shared, 'client_runner', { params: { run: 'outer' } });
    assert.deepEqual(result.outputs, { answer: 42, again: ['outer', false, 42] }, JSON.stringify(result));
    const program = `import json, metaflow as m; m.namespace(None)
run = m.Run("ClientRunner/outer").data.mine; print(json.dumps([run.id, run.successful]))`;
    const outside = await withMetaflow(program, stockEnvironment(shared) as Record<string, string>);
    assert.deepEqual(outside, ['outer', true]);
  });
});
