import assert from 'node:assert/strict';
import { plainPalette } from '../../../src/base/terminal/palette.ts';
import { renderLogLine, renderStatus } from '../../../src/cli/views/run-views.ts';
import { RunReader } from '../../../src/platform/runs/reader.ts';
import { runLogs } from '../../../src/platform/runs/run-logs.ts';
import { type RunStatus, runStatus } from '../../../src/platform/runs/run-status.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { makeControlRuns } from '../metadata/real-runs.ts';
import { startTestStore, type TestStore } from '../s3/s3.ts';

describe('runs with decisions, loops, attempts and failures', () => {
  let s3: TestStore;
  const statuses = new Map<string, RunStatus>();
  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    s3 = await startTestStore();
    await makeControlRuns(s3.store.settings, [
      { run: 'good', params: {} },
      { run: 'bad', params: { fail: true } },
      // The session is lost after the second attempt of `flaky`, and after the second item.
      { run: 'trying', params: {}, components: 3 },
      { run: 'open', params: {}, components: 12 },
    ]);
    const reader = new RunReader(s3.store);
    for (const run of ['good', 'bad', 'trying', 'open']) {
      statuses.set(run, (await runStatus(reader, { flow: 'ControlFlow', run })) as RunStatus);
    }
  });
  after(() => s3?.close());

  const of = (run: string) => statuses.get(run) as RunStatus;
  /** Each step's line without its time. */
  const told = (run: string) =>
    renderStatus(of(run), plainPalette, 0)
      .split('\n')
      .slice(1)
      .map((line) =>
        line
          .replace(/ +[\d.]+ s/, '')
          .replace(/ +/g, ' ')
          .trim(),
      );

  it('shows turns, items, attempts, and cases that were not taken', () => {
    assert.deepEqual(told('good'), [
      '✓ start',
      '✓ flaky 2 attempts repeated',
      '✓ turn 3 turns',
      '✓ foreach_items',
      '! look 4/4, 1 failed',
      '✓ triple 1',
      '✓ end_foreach_items 3/3',
      '✓ halve 2',
      '✓ gather',
      '✓ switch_kind',
      '✓ yes',
      '✓ finish',
      '– no not run',
      '– never not run',
      '– no_more not run',
      'got: [3,1.0,2.0]',
      'said: "yes"',
    ]);
    assert.deepEqual(
      [of('good').status, of('good').isOver, of('good').notRun],
      ['succeeded', true, ['no', 'never', 'no_more']],
    );
  });

  it('distinguishes the step that failed the run from failed items and onFailure steps', () => {
    const lines = told('bad');
    assert.deepEqual(lines.slice(-3), [
      '✗ finish',
      '✓ tell',
      'error: finish: ValueError: asked to fail (control.yaml:53)',
    ]);
    assert.ok(lines.includes('! look 4/4, 1 failed'));
    assert.deepEqual([of('bad').status, of('bad').onFailure], ['failed', { status: 'succeeded' }]);
  });

  it('shows the current attempt and their number', () => {
    assert.deepEqual(told('trying'), ['✓ start', '… flaky attempt 3 of 4']);
  });

  it('shows the output of each attempt, even if the task has not succeeded yet', async () => {
    for (const run of ['good', 'trying']) {
      const lines: string[] = [];
      for await (const line of runLogs(new RunReader(s3.store), { flow: 'ControlFlow', run }, { step: 'flaky' })) {
        if (line.stream === 'stdout') lines.push(renderLogLine(line, plainPalette));
      }
      const all = ['flaky/t | attempt 0', 'flaky/t (attempt 2) | attempt 1', 'flaky/t (attempt 3) | attempt 2'];
      assert.deepEqual(lines, run === 'good' ? all : all.slice(0, 2));
    }
  });

  it('shows the total of steps that every item comes to, not of those after a decision', () => {
    assert.deepEqual(told('open').slice(4), ['… look 2/4', '… triple 1/?', '… end_foreach_items 1/4']);
  });
});
