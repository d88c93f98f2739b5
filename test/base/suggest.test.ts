import assert from 'node:assert/strict';
import { didYouMean, suggest } from '../../src/base/suggest.ts';

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
    ['n', undefined],
    ['ru', 'run'],
    ['', undefined],
  ] as const) {
    it(`${typed} → ${meant}`, () => assert.equal(suggest(typed, keys), meant));
  }

  it('does not suggest short names for each other', () => {
    for (const word of ['a', 'ab', 'xs']) assert.equal(suggest(word, ['b', 'x', 'ax', 'cb']), undefined, word);
    assert.equal(suggest('A', ['b', 'a']), 'a');
  });

  it('is a hint', () => {
    assert.equal(didYouMean('rum', keys), 'did you mean "run"?');
    assert.equal(didYouMean('whatever', keys), undefined);
  });
});
