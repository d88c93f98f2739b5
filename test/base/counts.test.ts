import assert from 'node:assert/strict';
import { firstLines, listed, named } from '../../src/base/counts.ts';

describe('a shortened list', () => {
  it('is whole if it is short enough', () => {
    assert.equal(named(['a', 'b', 'c'], 3), 'a, b, c');
    assert.equal(listed(['a', 'b', 'c'], 3), 'a, b and c');
    assert.deepEqual(firstLines(['a', 'b', 'c'], 3), ['a', 'b', 'c']);
  });

  it('says how many more there are', () => {
    assert.equal(named(['a', 'b', 'c', 'd'], 2), 'a, b and 2 more');
    assert.equal(listed(['a', 'b', 'c', 'd'], 2), 'a, b and 2 more');
    assert.deepEqual(firstLines(['a', 'b', 'c', 'd'], 2), ['a', 'b', 'and 2 more']);
    assert.match(named(Array(2000).fill('a')), /and 1,995 more$/);
  });

  it('can be empty', () => {
    assert.deepEqual([named([]), listed([]), firstLines([])], ['', '', []]);
  });
});
