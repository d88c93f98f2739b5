import assert from 'node:assert/strict';
import { UserError } from '../../../src/base/errors.ts';
import { plainPalette } from '../../../src/base/terminal/palette.ts';
import { renderRuns, renderStatus } from '../../../src/cli/views/run-views.ts';
import { keys, prefixes } from '../../../src/contract/layout.generated.ts';
import type { TaskRecord } from '../../../src/contract/records.ts';
import type { Whisk } from '../../../src/platform/openwhisk/client.ts';
import { cancelRun } from '../../../src/platform/runs/cancel-run.ts';
import { followRun } from '../../../src/platform/runs/follow.ts';
import { listRuns } from '../../../src/platform/runs/list-runs.ts';
import { RunReader } from '../../../src/platform/runs/reader.ts';
import { runStatus } from '../../../src/platform/runs/run-status.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { planOf } from '../../support/records.ts';
import { startTestStore, type TestStore } from '../s3/s3.ts';

const FLOW = 'F';

describe('stalled, cancelled, resumed and waiting runs', () => {
  let s3: TestStore;
  let store: Store;
  let reader: RunReader;
  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    s3 = await startTestStore();
    store = s3.store;
    reader = new RunReader(store);
  });
  after(() => s3?.close());

  const put = (run: string, name: string, value: unknown) =>
    store.put(prefixes.run({ flow: FLOW, run }) + name, JSON.stringify(value));
  const begin = (run: string, more: object = {}) => {
    const record = { version: 1, flow: FLOW, run, created: Date.now(), user: 'ada', tags: [], system_tags: [] };
    return put(run, 'run.json', { ...record, start: 'start', end: 'end', bundle: '', ...more });
  };
  const lease = (run: string, fromNowMs: number) =>
    store.put(
      keys.live({ flow: FLOW, run }),
      JSON.stringify({ by: 'a', expires: Date.now() + fromNowMs, envelope: { step: 'start' } }),
    );
  const commit = async (run: string, step: string, task: string, more: Partial<TaskRecord> = {}) => {
    const now = Date.now();
    const place = { version: 1, flow: FLOW, run, step, task, attempt: 0, at: task.split('-').slice(1).map(Number) };
    const done = { started: now, ended: now, ok: true, objects: {}, info: {}, metadata: [], parents: [], by: 'a' };
    await put(run, `tasks/${step}/${task}/commit`, { ...place, ...done, ...more });
  };
  const LATER_MS = 10_000;
  const statusOf = async (run: string, nowMs = Date.now()) => {
    const status = await runStatus(reader, { flow: FLOW, run }, nowMs);
    assert.ok(status);
    return { status, text: renderStatus(status, plainPalette, nowMs) };
  };

  it('marks a live run whose lease has expired, unless a claim is valid', async () => {
    await begin('live');
    await lease('live', 60_000);
    assert.equal((await statusOf('live')).status.isLost, undefined);
    await lease('live', -1);
    const { status, text } = await statusOf('live', Date.now() + LATER_MS);
    assert.equal(status.isLost, true);
    assert.match(text, /^ {2}stalled\? restart it with: nuvopipe sweep$/m);
    const [listed] = await listRuns(reader, { flow: FLOW, limit: 1 }, Date.now());
    assert.equal(listed?.isLost, true);
    assert.match(
      renderRuns([listed], plainPalette, Date.now()),
      /F\/live .*stalled\? restart it with: nuvopipe sweep$/m,
    );
    await put('live', 'pools/start/t/claims/0', { by: 'a', expires: Date.now() + 60_000 });
    assert.equal((await statusOf('live', Date.now() + LATER_MS)).status.isLost, undefined);
    assert.equal((await listRuns(reader, { flow: FLOW, limit: 1 }, Date.now()))[0]?.isLost, undefined);
  });

  it('does not consider a run stalled while it waits for a called flow', async () => {
    await begin('waits');
    await lease('waits', -1);
    await put('waits', 'children/sub/t/0', { flow: FLOW, run: 'waits-sub-t', given: '' });
    await lease('waits-sub-t', -1);
    assert.equal((await statusOf('waits', Date.now() + LATER_MS)).status.isLost, undefined);
    await store.delete(keys.live({ flow: FLOW, run: 'waits-sub-t' }));
    assert.equal((await statusOf('waits', Date.now() + LATER_MS)).status.isLost, true);
  });

  it('the index of live runs is not a flow', async () => {
    assert.deepEqual(await reader.flows(), [FLOW]);
  });

  it('shows that a run waits for the platform, as long as nothing has been done since', async () => {
    await begin('waits');
    await commit('waits', 'start', 't');
    const since = Date.now() + 1_000;
    await put('waits', 'waiting', { since, reason: 'too many requests (429)' });
    const waiting = /^ {2}waiting: too many requests \(429\) for 12 s$/m;
    assert.match((await statusOf('waits', since + 12_000)).text, waiting);
    await put('waits', 'waiting', { since: Date.now() - 60_000, reason: 'too many requests (429)' });
    assert.equal((await statusOf('waits')).status.waiting, undefined);
  });

  it('shows what a resumed run reused', async () => {
    const pool = { kind: 'foreach' as const, first: ['work'], last: ['work'], join: 'join', concurrency: 1 };
    const steps = {
      start: { next: { open: 'start' } },
      work: { within: ['start'], next: { done: 'start' } },
      join: {},
    };
    const plan = planOf(FLOW, steps, { pools: { start: pool } });
    await store.put(keys.plan({ flow: FLOW, hash: plan.hash }), JSON.stringify(plan));
    await begin('again', { bundle: plan.hash, origin: { run: 'live', from: 'join' } });
    const old = { started: Date.now() - 3_600_000, ended: Date.now() - 3_500_000, origin: 'F/live/start/t' };
    await commit('again', 'start', 't', { ...old, splits: 3 });
    await put('again', 'reused/start/t', {});
    await put('again', 'pools/start/t/open', { items: 3 });
    for (const item of [0, 1, 2]) {
      await commit('again', 'work', `t-${item}`, item < 2 ? { ...old, parents: ['again/start/t'] } : {});
      if (item < 2) await put('again', `reused/work/t-${item}`, {});
    }
    const { status, text } = await statusOf('again');
    assert.deepEqual(status.origin, { run: 'live', from: 'join' });
    const lines = text.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim());
    assert.equal(lines[1], 'resumed from F/live, again from join');
    assert.equal(lines[2], '= start reused');
    assert.match(lines[3] as string, /^✓ work 3\/3 \d\.\d s 2 reused$/);
  });

  it('a cancelled run is cancelled, whatever follows it, and followers end', async () => {
    await begin('cancelled');
    await put('cancelled', 'cancelled', { by: 'a', at: 1 });
    await put('cancelled', 'failed', { message: 'the run was cancelled' });
    const { status, text } = await statusOf('cancelled');
    assert.deepEqual([status.status, status.isOver, status.error], ['cancelled', false, undefined]);
    assert.match(text, /^F\/cancelled cancelled in/);
    const followed: boolean[] = [];
    for await (const { isOver } of followRun(reader, { flow: FLOW, run: 'cancelled' })) {
      followed.push(isOver);
      await put('cancelled', 'result.json', { run: 'cancelled', status: 'cancelled' });
    }
    assert.deepEqual(followed, [false, true]);
  });

  describe('nuvopipe cancel', () => {
    const whiskOf = (invoke: Whisk['invoke']) => ({ invoke }) as unknown as Whisk;
    const notDeployed = whiskOf(async () => {
      throw new UserError('whisk-not-found', 'not there');
    });

    it('reports a run that has ended', async () => {
      await begin('over');
      await put('over', 'result.json', { run: 'over', status: 'failed', error: { message: 'x' } });
      const never = whiskOf(async () => assert.fail('nothing is invoked'));
      assert.deepEqual(await cancelRun(never, store, { flow: FLOW, run: 'over' }), {
        status: 'failed',
        isOver: true,
        wasOver: true,
      });
    });

    it('writes it down where the flow is not deployed any more', async () => {
      await begin('left');
      await lease('left', 60_000);
      const key = { flow: FLOW, run: 'left' };
      assert.deepEqual(await cancelRun(notDeployed, store, key), { status: 'cancelled', isOver: true, wasOver: false });
      const { status } = await statusOf('left');
      assert.deepEqual([status.status, status.isOver], ['cancelled', true]);
      assert.equal(await reader.live(key), undefined);
    });

    it('waits for the end of the run, so that it can be resumed', async () => {
      const key = { flow: FLOW, run: 'ending' };
      await begin('ending');
      await put('ending', 'cancelled', {});
      const answers = whiskOf(async () => {
        setTimeout(() => put('ending', 'result.json', { run: 'ending', status: 'cancelled' }), 50);
        return { activationId: 'a' };
      });
      assert.deepEqual(await cancelRun(answers, store, key), { status: 'cancelled', isOver: true, wasOver: false });
      assert.equal((await statusOf('ending')).status.isOver, true);
    });

    it('reports if the onFailure steps are still running', async () => {
      await begin('lasting');
      await put('lasting', 'cancelled', {});
      const answers = whiskOf(async () => ({ activationId: 'a' }));
      const ended = await cancelRun(answers, store, { flow: FLOW, run: 'lasting' }, 1);
      assert.deepEqual(ended, { status: 'cancelled', isOver: false, wasOver: false });
    });

    it('explains why the flow cannot do it', async () => {
      await begin('stubborn');
      const answers = whiskOf(async () => ({
        activationId: 'a',
        response: { success: false, result: { error: 'S3 refuses the keys' } },
      }));
      await assert.rejects(cancelRun(answers, store, { flow: FLOW, run: 'stubborn' }), {
        code: 'cancel-failed',
        message: 'F/stubborn was not cancelled: S3 refuses the keys',
      });
    });
  });
});
