import assert from 'node:assert/strict';
import { readFormat } from '../../src/contract/read-format.ts';
import { runRecord, taskRecord } from '../support/records.ts';

const run = runRecord({ flow: 'F', run: 'r' });

describe('reading a format', () => {
  it('accepts a valid value with unknown keys', () => {
    assert.deepEqual(readFormat('RunRecord', { ...run, later: 1 }), { value: { ...run, later: 1 } });
    const { version: _, ...first } = run;
    assert.deepEqual(readFormat('RunRecord', first), { value: first });
  });

  it('names another version, whatever else the value has', () => {
    for (const format of [
      'RunRecord',
      'TaskRecord',
      'RunResult',
      'LiveRecord',
      'CacheEntry',
      'Plan',
      'Manifest',
    ] as const)
      assert.deepEqual(readFormat(format, { version: 2 }), { version: 2, known: 1 });
  });

  it('reports the position of an invalid value', () => {
    const task = taskRecord({ flow: 'F', run: 'r' });
    const wrong: [unknown, string][] = [
      [{ ...task, at: ['x'] }, '/at/0 must be integer'],
      [{ ...task, objects: undefined }, "it must have required property 'objects'"],
      ['text', 'it must be an object'],
      [null, 'it must be an object'],
    ];
    for (const [value, problem] of wrong)
      assert.deepEqual(readFormat('TaskRecord', JSON.parse(JSON.stringify(value))), { problem });
  });
});
