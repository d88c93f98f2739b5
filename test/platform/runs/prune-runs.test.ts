import assert from 'node:assert/strict';
import { keys, prefixes } from '../../../src/contract/layout.generated.ts';
import { type PruneRule, planPrune, prunedFlows, pruneRuns } from '../../../src/platform/runs/prune-runs.ts';
import { RunReader } from '../../../src/platform/runs/reader.ts';
import { SETTLED_MS } from '../../../src/platform/runs/retention.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { runRecord, taskRecord } from '../../support/records.ts';
import { startTestStore, type TestStore } from '../s3/s3.ts';

const HOUR_MS = 3_600_000;
/** When everything that a test has written is old enough. */
const later = () => Date.now() + SETTLED_MS + HOUR_MS;

const sha = (name: string) => name.padEnd(40, '0').replaceAll(/[^0-9a-f]/g, 'a');

describe('pruning a datastore', () => {
  let s3: TestStore;
  let store: Store;
  let flow: string;
  let flows = 0;
  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    s3 = await startTestStore();
    store = s3.store;
  });
  after(() => s3?.close());
  beforeEach(() => {
    flow = `Flow${++flows}`;
  });

  const artifact = (name: string) => `${flow}/data/${sha(name).slice(0, 2)}/${sha(name)}`;
  const objectsOf = (names: string[]) => Object.fromEntries(names.map((name) => [name, sha(name)]));

  const recordOf = (run: string, artifacts: string[]) =>
    JSON.stringify(taskRecord({ flow, run, step: 'a', objects: objectsOf(artifacts) }));

  /** A run of one task with these artifacts. */
  async function addRun(run: string, artifacts: string[], { ended = true, age = 0, origin = '' } = {}): Promise<void> {
    const prefix = prefixes.run({ flow, run });
    const created = Date.now() - age * HOUR_MS;
    const record = runRecord({ flow, run, created, ...(origin && { origin: { run: origin } }) });
    await Promise.all([
      store.put(`${prefix}run.json`, JSON.stringify(record)),
      store.put(`${prefix}tasks/a/t/commit`, recordOf(run, artifacts)),
      store.put(`${flow}/${run}/a/t/0.data.json`, JSON.stringify({ objects: objectsOf(artifacts) })),
      store.put(`${flow}/${run}/a/t/0.task_stdout.log`, 'text'),
      ...(ended ? [store.put(`${prefix}result.json`, JSON.stringify({ run, status: 'succeeded' }))] : []),
      ...artifacts.map((name) => store.put(artifact(name), name)),
    ]);
  }

  async function storedKeys(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of store.list('')) {
      if (key.split('/').includes(flow)) found.push(key);
    }
    return found;
  }

  const plan = (rule: PruneRule, now = later()) => planPrune(new RunReader(store), flow, rule, now);
  const pruned = async (rule: PruneRule, now = later()) => {
    const planned = await plan(rule, now);
    await pruneRuns(new RunReader(store), planned, () => {});
    return planned.summary;
  };

  it('deletes a run with its own objects, but nothing that another run references', async () => {
    await addRun('old', ['shared', 'own'], { age: 2 });
    await addRun('new', ['shared', 'late']);
    const before = await storedKeys();
    const { summary } = await plan({ keep: 1 });
    assert.deepEqual(await storedKeys(), before, 'a plan deletes nothing');
    assert.deepEqual([summary.runs.map(({ run }) => run), summary.kept], [['old'], { latest: 1 }]);
    const done = await pruned({ keep: 1 });
    const gone = before.filter((key) => key.includes('/old/') || key === artifact('own'));
    assert.deepEqual(
      await storedKeys(),
      before.filter((key) => !gone.includes(key)),
    );
    assert.deepEqual([done.objects, summary.objects], [gone.length, gone.length]);
    assert.ok(done.bytes > 'text'.length);
    assert.deepEqual(await pruned({ keep: 1 }), { ...done, runs: [], objects: 0, bytes: 0 });
  });

  it('leaves alone what was written within a day: an artifact may be there before its record', async () => {
    await addRun('old', ['own'], { age: 100 });
    await store.put(artifact('written'), 'by a task that goes on');
    const before = await storedKeys();
    const done = await pruned({ olderThanMs: 1 }, Date.now() + SETTLED_MS - HOUR_MS);
    assert.deepEqual([done.objects, done.kept], [0, { settling: 1 }]);
    assert.deepEqual(await storedKeys(), before);
    await pruned({ olderThanMs: 1 });
    assert.deepEqual(await storedKeys(), []);
  });

  it('leaves live runs alone, and what they resume', async () => {
    await addRun('origin', ['a']);
    await addRun('live', ['b'], { ended: false, origin: 'origin' });
    await addRun('lost', ['c'], { ended: false });
    await store.put(keys.live({ flow, run: 'live' }), '{}');
    const done = await pruned({ keep: 0, olderThanMs: 1 });
    assert.deepEqual(
      [done.runs.map(({ run, status }) => [run, status]), done.kept],
      [[['lost', 'lost']], { running: 1, resumed: 1 }],
    );
    assert.equal(await store.exists(artifact('a')), true);
    assert.equal(await store.exists(artifact('c')), false);
  });

  it('deletes nothing if a new run needs a planned object', async () => {
    await addRun('origin', ['a']);
    const planned = await plan({ olderThanMs: 1 });
    await addRun('live', [], { ended: false, origin: 'origin' });
    await store.put(keys.live({ flow, run: 'live' }), '{}');
    const before = await storedKeys();
    await assert.rejects(
      pruneRuns(new RunReader(store), planned, () => {}),
      { code: 'run-needed' },
    );
    assert.deepEqual(await storedKeys(), before);
  });

  it('keeps what the cache needs until --cache-unused selects it', async () => {
    const entry = (key: string, artifacts: string[], used: number) =>
      store.put(
        keys.cacheEntry({ flow, step: 'a', digest: key }),
        JSON.stringify({ version: 1, used, record: JSON.parse(recordOf('old', artifacts)) }),
      );
    await addRun('old', ['cached', 'own', 'unused']);
    await entry('k1', ['cached'], Date.now());
    await entry('k2', ['unused'], Date.now() - 50 * HOUR_MS);
    await entry('k3', ['cached', 'nowhere'], Date.now());
    const done = await pruned({ olderThanMs: 1 });
    assert.equal(done.cacheEntries, 1, 'the one whose artifacts are gone');
    const left = [
      artifact('cached'),
      artifact('unused'),
      keys.cacheEntry({ flow, step: 'a', digest: 'k1' }),
      keys.cacheEntry({ flow, step: 'a', digest: 'k2' }),
    ];
    assert.deepEqual(await storedKeys(), left.toSorted());
    assert.ok((await prunedFlows(new RunReader(store))).includes(flow));
    // A task may have found it this moment: its artifacts go with the next prune.
    assert.equal((await pruned({ olderThanMs: 1, cacheUnusedMs: SETTLED_MS + 40 * HOUR_MS })).cacheEntries, 1);
    assert.equal(await store.exists(artifact('unused')), true);
    await pruned({ olderThanMs: 1 });
    assert.deepEqual(
      await storedKeys(),
      [artifact('cached'), keys.cacheEntry({ flow, step: 'a', digest: 'k1' })].toSorted(),
    );
  });

  it('leaves runs of stock Metaflow alone, and what they refer to', async () => {
    await addRun('old', ['shared', 'own']);
    await store.put(`${flow}/1700000000/start/1/0.data.json`, JSON.stringify({ objects: objectsOf(['shared']) }));
    await pruned({ olderThanMs: 1 });
    assert.deepEqual(await storedKeys(), [`${flow}/1700000000/start/1/0.data.json`, artifact('shared')].toSorted());
  });

  it('keeps the plans that runs follow, and the latest', async () => {
    const plan = (hash: string) => keys.plan({ flow, hash });
    for (const hash of ['unused', 'used', 'latest']) await store.put(plan(hash), '{}');
    await store.put(keys.run({ flow, run: 'r' }), JSON.stringify(runRecord({ flow, run: 'r', bundle: 'used' })));
    // S3 tells times by the second.
    const aged: Store = Object.assign(Object.create(store), {
      async *list(prefix: string) {
        for await (const object of store.list(prefix))
          yield object.key === plan('latest') ? object : { ...object, modified: object.modified - HOUR_MS };
      },
    });
    const pruneAged = async (rule: PruneRule) =>
      pruneRuns(new RunReader(aged), await planPrune(new RunReader(aged), flow, rule, later()), () => {});
    await pruneAged({ keep: 1 });
    assert.deepEqual(await storedKeys(), [plan('latest'), plan('used'), keys.run({ flow, run: 'r' })].toSorted());
    await pruneAged({ olderThanMs: 1 });
    assert.deepEqual(await storedKeys(), [plan('latest')]);
    assert.deepEqual((await new RunReader(store).flows()).includes(flow), false, 'a flow without runs is in no list');
  });

  it('keeps every plan as long as the version of a run is not known', async () => {
    await store.put(keys.plan({ flow, hash: 'some' }), '{}');
    await store.put(keys.run({ flow, run: 'r' }), '{"version":2}');
    assert.equal((await pruned({ keep: 1 })).objects, 0);
  });

  it('keeps artifacts of failed attempts with their run', async () => {
    await addRun('good', ['a']);
    await store.put(artifact('tried'), 'x');
    const failed = recordOf('old', ['tried']);
    await store.put(keys.failedAttempt({ flow, run: 'good', step: 'a', task: 't', attempt: 0 }), failed);
    assert.equal((await pruned({ keep: 1 })).objects, 0);
  });

  for (const stop of [0, 1, 2, 3, 4]) {
    it(`can be interrupted after ${stop} of its steps and repeated; runs are visible completely or not at all`, async () => {
      await addRun('old', ['own', 'more'], { age: 1 });
      await addRun('new', ['kept']);
      const planned = await plan({ keep: 1 });
      const steps = planned.steps.slice(0, stop);
      const last = planned.steps[stop];
      const interrupted = {
        ...planned,
        steps: [...steps, ...(last ? [{ ...last, keys: last.keys.slice(0, 1) }] : [])],
      };
      await pruneRuns(new RunReader(store), interrupted, () => {});
      const listed = (await new RunReader(store).runs(flow)).map(({ run }) => run);
      assert.deepEqual(listed, ['new'], 'the first object that goes is the one by which a run is found');
      await pruned({ keep: 1 });
      assert.deepEqual(
        (await storedKeys()).filter((key) => !key.includes('/new/')),
        [artifact('kept')],
      );
    });
  }

  for (const garbage of ['not JSON', '{"loss": NaN}', '[]', '"text"', '{}', '']) {
    it(`skips invalid records: ${garbage}`, async () => {
      await addRun('old', ['own'], { age: 2 });
      await addRun('odd', ['odd'], { age: 3 });
      await addRun('new', ['late']);
      const odd = keys.run({ flow, run: 'odd' });
      await store.put(odd, garbage);
      const reader = new RunReader(store);
      const planned = await planPrune(reader, flow, { keep: 1 }, later());
      await pruneRuns(reader, planned, () => {});
      assert.deepEqual([planned.summary.runs.map(({ run }) => run), [...reader.unreadable]], [['old'], [odd]]);
      const left = await storedKeys();
      assert.ok(left.includes(odd) && left.includes(artifact('late')) && left.includes(artifact('odd')));
      // It is not known what the run refers to.
      assert.ok(left.includes(artifact('own')) && !left.includes(keys.run({ flow, run: 'old' })));
    });

    it(`deletes no artifact that a task or cache entry might need: ${garbage}`, async () => {
      for (const key of [
        keys.commit({ flow, run: 'new', step: 'a', task: 't' }),
        keys.cacheEntry({ flow, step: 'a', digest: 'key' }),
        `${flow}/17/a/1/0.data.json`,
      ]) {
        await addRun('old', ['own'], { age: 2 });
        await addRun('new', ['late']);
        await store.put(key, garbage);
        const reader = new RunReader(store);
        const planned = await planPrune(reader, flow, { keep: 1 }, later());
        assert.deepEqual([...reader.unreadable], [key]);
        assert.equal(planned.steps.find(({ what }) => what === 'artifacts')?.keys.length, 0);
        await store.delete(key);
      }
    });
  }
});
