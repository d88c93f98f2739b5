import assert from 'node:assert/strict';
import { sha256 } from '../../src/base/hash.ts';

describe('sha256', () => {
  it('hashes its parts as one text', () => {
    assert.equal(sha256('ab', new Uint8Array([99])), sha256('abc'));
    assert.equal(sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
