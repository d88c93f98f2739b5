import assert from 'node:assert/strict';
import { diffLines } from '../../src/flow-tests/diff.ts';

function shown(expected: string, actual: string): string {
  const diff = diffLines(expected.split(''), actual.split(''));
  return diff.map(({ kind, text }) => (kind === ' ' ? text : kind + text)).join('');
}

describe('a diff', () => {
  it('keeps common lines', () => {
    assert.equal(shown('abc', 'abc'), 'abc');
    assert.equal(shown('abcd', 'axcd'), 'a-b+xcd');
    assert.equal(shown('abc', 'bcd'), '-abc+d');
  });

  it('accepts an empty one', () => {
    assert.deepEqual(diffLines([], ['a']), [{ kind: '+', text: 'a' }]);
    assert.deepEqual(diffLines(['a'], []), [{ kind: '-', text: 'a' }]);
    assert.deepEqual(diffLines([], []), []);
  });

  it('keeps empty lines', () => {
    assert.deepEqual(
      diffLines(['', 'a'], ['']).map(({ kind }) => kind),
      [' ', '-'],
    );
  });
});
