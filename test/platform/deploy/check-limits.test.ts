import assert from 'node:assert/strict';
import type { Plan } from '../../../src/contract/plan.ts';
import { capLimits } from '../../../src/platform/deploy/check-limits.ts';

const plan = { flow: 'F', steps: { load: { profile: 'big' }, fit: { profile: 'small' } } } as unknown as Plan;
const action = { name: 'big-1a2b3c4d', profile: 'big', memoryMB: 2048, timeLimitMs: 600_000 };

describe('limits of a cluster', () => {
  it('leaves an action as it is where the cluster publishes nothing', () => {
    assert.deepEqual(capLimits(action, {}, plan), { memoryMB: 2048, timeLimitMs: 600_000, logsMB: 0, warnings: [] });
  });

  it('lowers memory and time to what the cluster allows, and names the steps', () => {
    const { memoryMB, timeLimitMs, warnings } = capLimits(action, { maxMemoryMB: 512, maxTimeLimitMs: 300_000 }, plan);
    assert.deepEqual([memoryMB, timeLimitMs], [512, 300_000]);
    assert.equal(warnings.length, 2);
    for (const warning of warnings) assert.match(warning, /load/);
    for (const warning of warnings) assert.doesNotMatch(warning, /fit/);
  });

  it('asks for the smallest log that the cluster allows', () => {
    assert.equal(capLimits(action, { minLogsMB: 1 }, plan).logsMB, 1);
  });
});
