import assert from 'node:assert/strict';
import { plainPalette } from '../../../src/base/terminal/palette.ts';
import { FollowView } from '../../../src/cli/views/follow-view.ts';
import type { RunStatus, StepStatus } from '../../../src/platform/runs/run-status.ts';

/** What is told of a foreach of 600 items as they are done: `[succeeded, failed]` at each look. */
function told(looks: readonly (readonly [number, number])[], live = false): { lines: string[]; progress: string[] } {
  const lines: string[] = [];
  const progress: string[] = [];
  const report = {
    line: (text: string) => lines.push(text),
    detail: (text: string) => progress.push(text),
    progress: (text: string) => progress.push(text),
  };
  const view = new FollowView(report, plainPalette, live);
  for (const [succeeded, failed] of looks) {
    const step: StepStatus = { step: 'work', succeeded, failed, expected: 600, started: 0, ended: 12 };
    view.show({ flow: 'F', run: 'r', status: 'running', steps: [step] } as unknown as RunStatus);
  }
  return { lines, progress };
}

describe('the view of a run', () => {
  it('continues counting items after the first failure', () => {
    const { lines } = told([
      [50, 0],
      [60, 1],
      [110, 10],
      [115, 15],
      [300, 33],
      [540, 60],
    ]);
    assert.deepEqual(lines, [
      '  work 50/600',
      '! work 61/600, 1 failed',
      '  work 120/600, 10 failed',
      '  work 333/600, 33 failed',
      '! work 600/600, 60 failed',
    ]);
  });

  it('shows on a terminal how many have failed so far', () => {
    const { lines, progress } = told(
      [
        [60, 1],
        [300, 33],
        [540, 60],
      ],
      true,
    );
    assert.deepEqual(lines, ['! work 61/600, 1 failed', '! work 600/600, 60 failed']);
    assert.deepEqual(progress, ['  work 61/600, 1 failed', '  work 333/600, 33 failed', '  …']);
  });
});
