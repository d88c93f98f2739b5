import assert from 'node:assert/strict';
import type { TaskRecord } from '../../../src/contract/records.ts';
import { placesOf, type StepSample } from '../../../src/platform/runs/scopes.ts';

type Given = [step: string, at: number[], parent: string | undefined, chose?: string];

function placed(given: Given[], openers: string[] = []) {
  const samples = given.map(([step, at, parent, chose]): [string, StepSample] => {
    const parents = parent === undefined ? [] : [`run/${parent}/t`];
    return [step, { step, record: { at, parents, ...(chose && { chose }) } as unknown as TaskRecord }];
  });
  const places = placesOf(new Map(samples), new Set(openers));
  return Object.fromEntries(
    [...places].map(([step, { scopes, isConditional }]) => [
      step,
      [...scopes.map((scope) => (scope.kind === 'pool' ? scope.opener : 'loop')), ...(isConditional ? ['?'] : [])],
    ]),
  );
}

describe('places of steps', () => {
  it('follow from the tasks that they read: items, turns, joins', () => {
    const steps: Given[] = [
      ['start', [], '_parameters'],
      ['item', [0], 'start'],
      ['turn', [0, 0], 'item', 'turn'],
      ['last', [0], 'turn'],
      ['join', [], 'last'],
      ['loop', [0], 'join'],
    ];
    const expected = {
      start: [],
      item: ['start'],
      turn: ['start', 'loop'],
      last: ['start', '?'],
      join: [],
      loop: ['loop'],
    };
    assert.deepEqual(placed(steps, ['start']), expected);
    assert.deepEqual(placed(steps.toReversed(), ['start']), expected);
  });

  it('are conditional after a decision, up to the end of the item', () => {
    assert.deepEqual(
      placed(
        [
          ['start', [], '_parameters'],
          ['look', [0], 'start', 'a'],
          ['a', [0], 'look'],
          ['inner', [0, 0], 'a'],
          ['merge', [0], 'inner'],
          ['join', [], 'merge'],
        ],
        ['start', 'a'],
      ),
      { start: [], look: ['start'], a: ['start', '?'], inner: ['start', 'a'], merge: ['start', '?'], join: [] },
    );
  });

  it('are unknown if a lost activation left no record', () => {
    assert.deepEqual(
      placed([
        ['start', [], '_parameters'],
        ['lost', [3], undefined],
        ['after', [3], 'lost'],
      ]),
      { start: [] },
    );
  });

  it('are found in a flow with many steps and in cyclic records', () => {
    const many = Array.from({ length: 20_000 }, (_, n): Given => [`s${n}`, [], n === 0 ? '_parameters' : `s${n - 1}`]);
    assert.equal(Object.keys(placed(many.toReversed())).length, 20_000);
    assert.deepEqual(
      Object.keys(
        placed([
          ['a', [0], 'b'],
          ['b', [0], 'a'],
        ]),
      ),
      [],
    );
  });
});
