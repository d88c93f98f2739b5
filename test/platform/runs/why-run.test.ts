import assert from 'node:assert/strict';
import { plainPalette } from '../../../src/base/terminal/palette.ts';
import { renderWhy } from '../../../src/cli/views/why-view.ts';
import { keys, prefixes } from '../../../src/contract/layout.generated.ts';
import type { CacheFacts, RunRecord, TaskRecord } from '../../../src/contract/records.ts';
import { RunReader } from '../../../src/platform/runs/reader.ts';
import { whyStep } from '../../../src/platform/runs/why-run.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { planOf, runRecord, taskRecord } from '../../support/records.ts';
import { startTestStore, type TestStore } from '../s3/s3.ts';

const FACTS = { key: 'k1', hit: false, parts: { code: 'c', environment: 'e', place: 'p', inputs: { a: '1', b: '2' } } };

function facts(key: string, parts: Partial<CacheFacts['parts']>): CacheFacts {
  return { key, hit: false, parts: { ...FACTS.parts, ...parts } };
}

describe('why a step was executed', () => {
  let s3: TestStore;
  let store: Store;
  let flow: string;
  let runs = 0;
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

  /** A run, by its tasks (`step/task`). */
  async function add(
    run: string,
    tasks: Record<string, Partial<TaskRecord>>,
    origin?: object,
    bundle = 'b',
  ): Promise<void> {
    const prefix = prefixes.run({ flow, run });
    await store.put(
      `${prefix}run.json`,
      JSON.stringify(runRecord({ flow, run, bundle, created: ++runs, ...(origin && { origin }) } as RunRecord)),
    );
    for (const [name, more] of Object.entries(tasks)) {
      const [step, task] = name.split('/');
      const record = taskRecord({ flow, run, step: String(step), task: String(task), ...more });
      await store.put(`${prefix}tasks/${name}/commit`, JSON.stringify(record));
    }
  }

  async function told(run: string, step: string, task?: string): Promise<string[]> {
    const why = await whyStep(new RunReader(store), { flow, run }, step, task);
    return renderWhy(why, plainPalette)
      .replaceAll(`${flow}/`, '')
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }

  it('compares with the nearest earlier run in which the step was cached', async () => {
    await add('r1', { 'a/t': { cache: FACTS } });
    await add('r2', { 'a/t': { cache: facts('k2', { code: 'c2', inputs: { a: '9', c: '3' } }) } });
    await add('r3', { 'a/t': {} });
    await add('r4', { 'a/t': { cache: facts('k3', { code: 'c2', secrets: 's', inputs: { a: '9', c: '3' } }) } });
    assert.deepEqual(await told('r1', 'a'), ['✓ t ran: the cache has no entry from an earlier run']);
    assert.deepEqual(await told('r2', 'a'), [
      '✓ t ran: since r1, the code of the step, the input a (1 → 9), the input b (2 → none) and the input c (none → 3) changed',
    ]);
    assert.deepEqual(await told('r3', 'a'), ['✓ t ran: the step has no "cache: true"']);
    assert.deepEqual(await told('r4', 'a'), ['✓ t ran: since r2, a secret changed']);
  });

  it('explains a missing cache entry without changes', async () => {
    await add('r1', { 'a/t': { cache: FACTS }, 'b/t': { cache: FACTS, ok: false } });
    await add('r2', { 'a/t': { cache: FACTS }, 'b/t': { cache: FACTS } });
    assert.deepEqual(
      [...(await told('r2', 'a')), ...(await told('r2', 'b'))],
      [
        '✓ t ran: nothing changed since r1, but its result was not in the cache yet',
        '✓ t ran: nothing changed since r1, but it failed there, and failures are not cached',
      ],
    );
  });

  it('prints a common reason of several tasks once', async () => {
    await add('r1', {
      'a/t-0': { cached: `${flow}/r0/a/t-0` },
      'a/t-2': { cached: `${flow}/r0/a/t-2` },
      'a/t-10': { cached: `${flow}/r0/a/t-10` },
      'a/t-1': { cached: `${flow}/r0/a/t-7` },
      'a/t-3': {},
    });
    assert.deepEqual(await told('r1', 'a'), [
      '= t-0, t-2, t-10 did not run: reused from r0',
      '= t-1 did not run: reused from r0/a/t-7',
      '✓ t-3 ran: the step has no "cache: true"',
    ]);
    assert.deepEqual(await told('r1', 'a', 't-3'), ['✓ t-3 ran: the step has no "cache: true"']);
    await assert.rejects(told('r1', 'a', 't-4'), { code: 'unknown-task' });
    await assert.rejects(told('r1', 'c'), { code: 'unknown-step' });
  });

  it('explains what a resumed run repeated', async () => {
    await add('r1', { 'a/t': {}, 'b/t': { ok: false }, 'd/t': {} });
    const taken = { origin: `${flow}/r1/a/t` };
    await add(
      'r2',
      { 'a/t': taken, 'b/t': { parents: ['r2/a/t'] }, 'c/t': { parents: ['r2/b/t'] }, 'd/t': { parents: ['r2/a/t'] } },
      { run: 'r1' },
    );
    await add('r3', { 'a/t': { cache: FACTS } }, { run: 'r1', from: 'a' });
    const lines = await Promise.all(['a', 'b', 'c', 'd'].map((step) => told('r2', step)));
    assert.deepEqual(lines.flat(), [
      '= t did not run: reused from r1',
      '✓ t ran: it did not succeed in r1, which this run resumes',
      '✓ t ran: r2/b/t before it ran again',
      '✓ t ran: it succeeded in r1, which this run resumes, but was not reused',
    ]);
    assert.deepEqual(await told('r3', 'a'), ['✓ t ran: the run repeats everything from a on']);
  });

  it('explains with the plans why a resumed run repeated what succeeded', async () => {
    const [was, now] = ['a'.repeat(64), 'c'.repeat(64)];
    const put = (hash: string, steps: Parameters<typeof planOf>[1]) =>
      store.put(keys.plan({ flow, hash }), JSON.stringify(planOf(flow, steps, { hash, onFailure: 'tell' })));
    await put(was, { a: { next: { step: 'b' } }, b: {}, tell: { next: { handled: true } } });
    await put(now, { a: { next: { choose: ['b', 'd'] } }, b: {}, c: {}, d: {}, tell: { next: { handled: true } } });
    await add('r1', { 'a/t': {}, 'tell/t': {} }, undefined, was);
    await add('r2', { 'a/t': {}, 'c/t': {}, 'tell/t': {} }, { run: 'r1' }, now);
    assert.deepEqual(await told('r2', 'a'), [
      '✓ t ran: it succeeded in r1, which this run resumes, but the flow changed (version aaaaaaaa → cccccccc): it now leads to b and d',
    ]);
    assert.deepEqual(await told('r2', 'c'), [
      '✓ t ran: it is not in version aaaaaaaa, which r1 ran and this run resumes',
    ]);
    assert.deepEqual(await told('r2', 'tell'), ['✓ t ran: steps of onFailure run after every failure']);
  });
});
