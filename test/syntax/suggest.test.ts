import assert from 'node:assert/strict';
import { didYouMean, suggest } from '../../src/syntax/suggest.ts';

describe('suggest', () => {
  const keys = ['run', 'call', 'resources', 'steps', 'concurrency'];
  for (const [typed, meant] of [
    ['rum', 'run'],
    ['RUN', 'run'],
    ['rnu', 'run'],
    ['step', 'steps'],
    ['resorces', 'resources'],
    ['concurency', 'concurrency'],
    ['timeout', undefined],
    ['x', undefined],
    ['', undefined],
  ] as const) {
    it(`${typed} → ${meant}`, () => assert.equal(suggest(typed, keys), meant));
  }

  it('is a hint', () => {
    assert.equal(didYouMean('rum', keys), 'did you mean "run"?');
    assert.equal(didYouMean('whatever', keys), undefined);
  });
});
