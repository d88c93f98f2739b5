import assert from 'node:assert/strict';
import { type Candidate, keptRuns, type RetentionRule, SETTLED_MS } from '../../../src/platform/runs/retention.ts';

const DAY_MS = 86_400_000;
const NOW = 100 * DAY_MS;

/** A run that succeeded, by its age in days. */
function aged(days: number, more: Partial<Candidate> = {}): Candidate {
  const created = NOW - days * DAY_MS;
  return { run: `d${days}`, created, modified: created + 1000, isLive: false, status: 'succeeded', ...more };
}

describe('retention of runs', () => {
  const kept = (runs: Candidate[], rule: RetentionRule) => Object.fromEntries(keptRuns(runs, rule, NOW));
  const month = [aged(40), aged(30), aged(20), aged(10), aged(5)];

  it('those that are not old enough', () => {
    assert.deepEqual(kept(month, { olderThanMs: 25 * DAY_MS }), { d20: 'recent', d10: 'recent', d5: 'recent' });
  });

  it('the latest, however old', () => {
    assert.deepEqual(kept(month, { keep: 2 }), { d10: 'latest', d5: 'latest' });
    assert.deepEqual(Object.keys(kept(month, { keep: 9 })).length, 5);
  });

  it('runs that any of several rules keeps', () => {
    assert.deepEqual(Object.keys(kept(month, { keep: 1, olderThanMs: 35 * DAY_MS })).toSorted(), [
      'd10',
      'd20',
      'd30',
      'd5',
    ]);
  });

  it('failed ones, if that is wanted', () => {
    const runs = [
      aged(9, { status: 'failed' }),
      aged(8, { status: 'cancelled' }),
      aged(7, { status: 'lost' }),
      aged(6),
    ];
    assert.deepEqual(kept(runs, { keepFailed: true }), { d9: 'failed', d8: 'failed', d7: 'failed' });
    assert.deepEqual(kept(runs, {}), {});
  });

  it('live runs and those changed in the last day', () => {
    const long = aged(50, { isLive: true, status: 'lost' });
    const justEnded = aged(3, { modified: NOW - SETTLED_MS + 1 });
    assert.deepEqual(kept([long, justEnded, aged(4)], {}), { d50: 'running', d3: 'settling' });
  });

  it('runs resumed by a live run; ended runs have their own copies', () => {
    const goesOn = { isLive: true, status: 'lost' as const };
    const runs = [
      aged(40),
      aged(30, { origin: 'd40' }),
      aged(20, { origin: 'd30', ...goesOn }),
      aged(15, { origin: 'd14' }),
    ];
    assert.deepEqual(kept([...runs, aged(14)], {}), { d20: 'running', d30: 'resumed' });
    assert.deepEqual(kept([aged(9, { origin: 'gone', ...goesOn })], {}), { d9: 'running' });
  });
});
