import assert from 'node:assert/strict';
import type { Next, Plan } from '../../../src/contract/plan.ts';
import { certainSteps } from '../../../src/platform/runs/certain-steps.ts';

/** The part of a plan that matters here, with a foreach that `open` opens. */
function certain(steps: Record<string, [within: string[], next: Next]>, first: string[], last: string[]): string[] {
  const planned = Object.entries(steps).map(([step, [within, next]]) => [step, { within, next }]);
  const pools = { open: { first, last, join: 'join' }, inner: { first: ['deep'], last: ['deep'], join: 'meet' } };
  return [...certainSteps({ steps: Object.fromEntries(planned), pools } as unknown as Plan, 'open')];
}

describe('steps that every item goes through', () => {
  it('are those before and after a decision, not its cases', () => {
    const steps: Parameters<typeof certain>[0] = {
      look: [['open'], { choose: ['even', 'odd'] }],
      even: [['open'], { step: 'last' }],
      odd: [['open'], { step: 'more' }],
      more: [['open'], { step: 'last' }],
      last: [['open'], { done: 'open' }],
    };
    assert.deepEqual(certain(steps, ['look'], ['last']), ['look', 'last']);
  });

  it('are the opener and the join of a fork inside, not the steps in its items', () => {
    const steps: Parameters<typeof certain>[0] = {
      inner: [['open'], { open: 'inner' }],
      deep: [['open', 'inner'], { done: 'inner' }],
      meet: [['open'], { done: 'open' }],
    };
    assert.deepEqual(certain(steps, ['inner'], ['meet']), ['inner', 'meet']);
  });

  it('are those around a loop, which may take no turn', () => {
    const steps: Parameters<typeof certain>[0] = {
      enter: [['open'], { choose: ['turn', 'leave'] }],
      turn: [['open', 'loop'], { choose: ['turn', 'leave'] }],
      leave: [['open'], { done: 'open' }],
    };
    assert.deepEqual(certain(steps, ['enter'], ['leave']), ['enter', 'leave']);
  });

  it('are those of each branch', () => {
    const steps: Parameters<typeof certain>[0] = {
      left: [['open'], { step: 'left_end' }],
      left_end: [['open'], { done: 'open' }],
      right: [['open'], { choose: ['a', 'b'] }],
      a: [['open'], { step: 'right_end' }],
      b: [['open'], { step: 'right_end' }],
      right_end: [['open'], { done: 'open' }],
    };
    const expected = ['left', 'left_end', 'right', 'right_end'];
    assert.deepEqual(certain(steps, ['left', 'right'], ['left_end', 'right_end']), expected);
  });
});
