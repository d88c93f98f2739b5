import assert from 'node:assert/strict';
import { plainPalette } from '../../../src/base/terminal/palette.ts';
import { renderStatus } from '../../../src/cli/views/run-views.ts';
import { findRun } from '../../../src/platform/runs/find-run.ts';
import { followRun } from '../../../src/platform/runs/follow.ts';
import { listRuns } from '../../../src/platform/runs/list-runs.ts';
import { RunReader } from '../../../src/platform/runs/reader.ts';
import { runLogs, type TaskLogLine } from '../../../src/platform/runs/run-logs.ts';
import { type RunStatus, runStatus } from '../../../src/platform/runs/run-status.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { makeRuns } from '../metadata/real-runs.ts';
import { startTestStore, type TestStore } from '../s3/s3.ts';

const FLOW = 'SampleFlow';

describe('runs', () => {
  let s3: TestStore;
  let store: Store;
  let reader: RunReader;
  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    s3 = await startTestStore();
    store = s3.store;
    reader = new RunReader(store);
    await makeRuns(store.settings, [
      { run: 'refused', params: { x: 1 } },
      { run: 'good', params: {} },
      { run: 'bad', params: { fail: true, prefix: 'A' } },
      { run: 'open', params: {}, components: 3 },
    ]);
  });
  after(() => s3?.close());

  const counts = (status: RunStatus | undefined) =>
    status?.steps.map(({ step, succeeded, failed, expected }) => [step, succeeded, failed, expected]);

  it('reports the steps and outputs of a finished run', async () => {
    const status = await runStatus(reader, { flow: FLOW, run: 'good' });
    assert.equal(status?.status, 'succeeded');
    assert.match(status.version, /^[0-9a-f]{8}$/);
    assert.deepEqual(counts(status), [
      ['start', 1, 0, 1],
      ['shout', 3, 0, 3],
      ['collect', 1, 0, 1],
      ['fork', 1, 0, 1],
      ['left', 1, 0, 1],
      ['right', 1, 0, 1],
      ['choose', 1, 0, 1],
      ['end', 1, 0, 1],
    ]);
    assert.deepEqual(status?.outputs?.sides, ['left', 'right']);
    assert.ok((status?.ended ?? 0) >= (status?.created ?? 0) - 1000);
  });

  it('reports the failed step and the reason', async () => {
    const status = await runStatus(reader, { flow: FLOW, run: 'bad' });
    assert.equal(status?.status, 'failed');
    assert.deepEqual(counts(status)?.at(-1), ['collect', 0, 1, 1]);
    assert.deepEqual(status?.error, {
      message: 'ValueError: asked to fail (sample.yaml:27)',
      step: 'collect',
      task: 'SampleFlow/bad/collect/t',
    });
    assert.match(
      renderStatus(status as RunStatus, plainPalette, 0),
      /✗ {2}collect[\s\S]*error: collect: ValueError: asked/,
    );
  });

  it('reports the progress of a running run', async () => {
    const status = await runStatus(reader, { flow: FLOW, run: 'open' });
    assert.equal(status?.status, 'running');
    assert.deepEqual(counts(status), [
      ['start', 1, 0, 1],
      ['shout', 2, 0, 3],
    ]);
    assert.match(renderStatus(status as RunStatus, plainPalette, 0), /… {2}shout {2}2\/3/);
  });

  it('does not find a missing run', async () => {
    assert.equal(await runStatus(reader, { flow: FLOW, run: 'none' }), undefined);
  });

  it('lists the latest first', async () => {
    const runs = await listRuns(reader, { limit: 2 });
    assert.deepEqual(
      runs.map(({ flow, run, status, user }) => [flow, run, status, user]),
      [
        [FLOW, 'open', 'running', 'ada'],
        [FLOW, 'bad', 'failed', 'ada'],
      ],
    );
    assert.equal((await listRuns(reader, { flow: 'None', limit: 2 })).length, 0);
  });

  it('finds a run by ID, prefix or pathspec', async () => {
    const good = { flow: FLOW, run: 'good' };
    for (const text of ['SampleFlow/good', 'SampleFlow/g', 'good', 'go']) {
      assert.deepEqual(await findRun(reader, text), good, text);
    }
  });

  for (const [text, code, hint] of [
    ['goood', 'unknown-run', /did you mean "good"/],
    ['SampelFlow/good', 'unknown-run', /did you mean "SampleFlow"/],
    ['SampleFlow/godo', 'unknown-run', /did you mean "SampleFlow\/good"/],
    ['zzzzzz', 'unknown-run', /nuvopipe status/],
    ['', 'ambiguous-run', /more/],
    ['SampleFlow/', 'ambiguous-run', /more/],
  ] as const) {
    it(`reports what is wrong with "${text}"`, async () => {
      await assert.rejects(findRun(reader, text), (error: Error & { code: string; hint: string }) => {
        assert.deepEqual([error.name, error.code], ['UserError', code]);
        assert.match(error.hint, hint);
        return true;
      });
    });
  }

  it('reports a run with rejected parameters as failed', async () => {
    const status = await runStatus(reader, { flow: FLOW, run: 'refused' });
    assert.deepEqual([status?.status, status?.isOver, status?.steps], ['failed', true, []]);
    assert.match(String(status?.error?.message), /^the flow has no parameter "x"/);
  });

  const logs = async (run: string, step?: string): Promise<TaskLogLine[]> => {
    const lines: TaskLogLine[] = [];
    for await (const line of runLogs(reader, { flow: FLOW, run }, step === undefined ? {} : { step })) lines.push(line);
    return lines;
  };

  it('shows the output of steps in order, in any alphabet', async () => {
    assert.deepEqual(
      (await logs('good')).map(({ step, task, stream, text }) => [step, task, stream, text]),
      [
        ['start', 't', 'stdout', 'starting The'],
        ['start', 't', 'stderr', 'to stderr'],
        ['shout', 't-0', 'stdout', 'The Näme!'],
        ['shout', 't-1', 'stdout', 'The Ünïcode!'],
        ['shout', 't-2', 'stdout', 'The Plain!'],
      ],
    );
    assert.equal((await logs('good', 'shout')).length, 3);
    assert.deepEqual(await logs('good', 'fork'), []);
    assert.match(
      (await logs('bad', 'collect')).map(({ text }) => text).join('\n'),
      /Traceback[\s\S]*ValueError: asked/,
    );
  });

  it('reports an unknown step', async () => {
    await assert.rejects(logs('good', 'shuot'), { code: 'unknown-step', hint: 'did you mean "shout"?' });
  });

  it('follows a run to its end, printing only new information', async () => {
    const key = { flow: FLOW, run: 'followed' };
    const seen: string[] = [];
    const making = makeRuns(store.settings, [{ run: key.run, params: {} }]);
    for await (const status of followRun(reader, key)) {
      seen.push(JSON.stringify([status.status, status.steps]));
    }
    await making;
    assert.equal(new Set(seen).size, seen.length);
    assert.match(seen.at(-1) ?? '', /^\["succeeded".*"end","succeeded":1/);
  });

  it('stops following on the signal', async () => {
    const stop = new AbortController();
    for await (const status of followRun(reader, { flow: FLOW, run: 'open' }, { signal: stop.signal })) {
      assert.equal(status.status, 'running');
      stop.abort();
    }
  });
});
