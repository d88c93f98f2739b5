import assert from 'node:assert/strict';
import { hashOf, ownerAnnotation, ownerOf, refuseForeign } from '../../../src/platform/deploy/owner.ts';
import type { Entity } from '../../../src/platform/openwhisk/client.ts';

const entity = (...annotations: { key: string; value: unknown }[]) => ({ annotations }) as unknown as Entity;

describe('owner of an entity', () => {
  it('reads the annotation that a deploy wrote', () => {
    const owner = { flow: 'F', hash: 'abc', version: '1a2b3c4d' };
    assert.deepEqual(ownerOf(entity({ key: 'exec', value: 'python:3' }, ownerAnnotation(owner))), owner);
  });

  it('finds no owner for entities of others or without an owner', () => {
    assert.deepEqual(ownerOf(entity({ key: 'exec', value: 'python:3' })), {});
    assert.deepEqual(ownerOf('elsewhere'), {});
    assert.deepEqual(ownerOf(undefined), {});
  });

  it('changes the hash with the value and with the key', () => {
    assert.equal(hashOf({ a: 1 }, 'key'), hashOf({ a: 1 }, 'key'));
    assert.notEqual(hashOf({ a: 1 }, 'key'), hashOf({ a: 2 }, 'key'));
    assert.notEqual(hashOf({ a: 1 }, 'key'), hashOf({ a: 1 }, 'other'));
  });

  it('refuses names of others, and says that nothing was deployed', () => {
    refuseForeign([], 'F');
    assert.throws(
      () => refuseForeign(['action F'], 'F'),
      /action F already is on .* not belong .* nothing was deployed/,
    );
  });
});
