import assert from 'node:assert/strict';
import { keys } from '../../src/contract/layout.generated.ts';
import type { Store } from '../../src/platform/s3/store.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { caseFile } from '../support/cases.ts';
import { deployFlow, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

const START_TIMEOUT_MS = 60_000;

describe('A flow that bounds how many of its runs execute at once', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  let store: Store;

  before(async () => {
    shared = await sharedPlatform();
    store = shared.store;
  });

  it('executes runs one after the other', async () => {
    await deployFlow(shared, caseFile('wf_overlap', 'queue.yaml'));
    const answers = await Promise.all(['a', 'b', 'c'].map((run) => invoke(shared, 'OverlapQueue', { run })));
    const times = answers
      .map(({ result }) => result.outputs as { began: number; ended: number })
      .toSorted((one, other) => one.began - other.began);
    assert.equal(times.length, 3);
    for (const [index, { began }] of times.slice(1).entries()) assert.ok(began > (times[index]?.ended ?? Infinity));
  });

  it('skips a run that begins while another one executes', async () => {
    await deployFlow(shared, caseFile('wf_overlap', 'skip.yaml'));
    const first = invoke(shared, 'OverlapSkip', { run: 'first' });
    const begins = () => store.exists(keys.slot({ flow: 'OverlapSkip', slot: 0 }));
    await poll(begins, START_TIMEOUT_MS);
    const { result } = await invoke(shared, 'OverlapSkip', { run: 'second' });
    assert.deepEqual(result, { run: 'second', status: 'cancelled', note: 'skipped: first is executing' });
    assert.equal((await first).result.status, 'succeeded');
    assert.ok(await store.exists(keys.result({ flow: 'OverlapSkip', run: 'second' })));
    const third = await invoke(shared, 'OverlapSkip', { run: 'third' });
    assert.equal(third.result.status, 'succeeded');
  });
});
