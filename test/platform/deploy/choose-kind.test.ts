import assert from 'node:assert/strict';
import { nodeKind, pythonKind, wheelTarget } from '../../../src/platform/deploy/choose-kind.ts';
import { STOCK_PYTHON } from '../../../src/platform/wheels/wheels.ts';

describe('choosing a kind', () => {
  for (const [kinds, chosen] of [
    [['python:3', 'python:3.11', 'python:3.13'], 'python:3.11'],
    [['python:3', 'python:3.12', 'python:3.13'], 'python:3.13'],
    [['python:3', 'python:3.10'], 'python:3'],
    [['python:2'], 'python:default'],
    [undefined, 'python:default'],
  ] as const)
    it(`chooses ${chosen} of ${kinds?.join(', ') ?? 'an unknown list'} for steps`, () => {
      assert.equal(pythonKind(kinds), chosen);
    });

  for (const [kinds, chosen] of [
    [['nodejs:18', 'nodejs:20', 'nodejs:22'], 'nodejs:20'],
    [['nodejs:18', 'nodejs:22'], 'nodejs:22'],
    [['nodejs:14'], 'nodejs:default'],
    [undefined, 'nodejs:default'],
  ] as const)
    it(`chooses ${chosen} of ${kinds?.join(', ') ?? 'an unknown list'} for conductors`, () => {
      assert.equal(nodeKind(kinds), chosen);
    });

  it('uses wheels for the version of the kind', () => {
    assert.equal(wheelTarget('python:3.12'), '3.12');
    assert.equal(wheelTarget('python:3'), STOCK_PYTHON);
  });
});
