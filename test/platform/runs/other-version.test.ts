import assert from 'node:assert/strict';
import { keys } from '../../../src/contract/layout.generated.ts';
import { answer } from '../../../src/platform/metadata/routes.ts';
import { findRun } from '../../../src/platform/runs/find-run.ts';
import { listRuns } from '../../../src/platform/runs/list-runs.ts';
import { planPrune } from '../../../src/platform/runs/prune-runs.ts';
import { RunReader } from '../../../src/platform/runs/reader.ts';
import { runStatus } from '../../../src/platform/runs/run-status.ts';
import { MemoryObjects } from '../../support/memory-objects.ts';
import { runRecord, taskRecord } from '../../support/records.ts';

const refused = { code: 'other-version', message: /has version 2 of its format; this version of nuvopipe reads 1$/ };

describe('records of another version', () => {
  let objects: MemoryObjects;
  let reader: RunReader;
  const key = keys.run({ flow: 'F', run: 'later' });
  beforeEach(() => {
    objects = new MemoryObjects();
    reader = new RunReader(objects.store);
    objects.put(keys.run({ flow: 'F', run: 'now' }), runRecord({ flow: 'F', run: 'now' }));
    objects.put(key, { version: 2, name: 'F/later' });
    objects.put(keys.commit({ flow: 'F', run: 'later', step: 'start', task: 't' }), { version: 2 });
    objects.put('F/data/aa/aa00000000000000000000000000000000000000', 'x');
  });

  it('are missing in the list of runs, and named', async () => {
    assert.deepEqual(
      (await listRuns(reader, { limit: 9 })).map(({ run }) => run),
      ['now'],
    );
    assert.deepEqual([[...reader.ofOtherVersion], [...reader.unreadable]], [[key], []]);
  });

  it('are refused by name when their run is asked for', async () => {
    for (const text of ['F/later', 'later', 'F/lat']) await assert.rejects(findRun(reader, text), refused);
  });

  it('are rejected by name if they are the result of a run', async () => {
    const run = { flow: 'F', run: 'now' };
    objects.put(keys.result(run), { version: 2, run: 'now', status: 'succeeded' });
    await assert.rejects(runStatus(reader, run), refused);
  });

  it('are not pruned, nor are the artifacts of the flow', async () => {
    const plan = await planPrune(reader, 'F', { olderThanMs: 1 }, Date.now() + 1e12);
    const doomed = plan.steps.flatMap((step) => step.keys);
    assert.ok(doomed.includes(keys.run({ flow: 'F', run: 'now' })));
    assert.ok(!doomed.some((name) => name.includes('later') || name.includes('/data/')), doomed.join('\n'));
  });

  it('are refused by name by the metadata service', async () => {
    const ask = (path: string[]) =>
      answer(reader, { method: 'GET', path, query: new URLSearchParams(), body: undefined });
    await assert.rejects(ask(['flows', 'F', 'runs', 'later']), refused);
    const { body } = await ask(['flows', 'F', 'runs']);
    assert.deepEqual(
      (body as { run_number: string }[]).map(({ run_number }) => run_number),
      ['now'],
    );
  });

  it('are missing among the attempts of a run that can be read', async () => {
    const run = { flow: 'F', run: 'now' };
    objects.put(keys.commit({ ...run, step: 'start', task: 't' }), { ...taskRecord(run), version: 2 });
    assert.deepEqual((await runStatus(reader, run))?.steps, []);
    assert.equal(reader.ofOtherVersion.size, 1);
  });
});
