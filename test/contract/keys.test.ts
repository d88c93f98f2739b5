import assert from 'node:assert/strict';
import { keys, prefixes } from '../../src/contract/layout.generated.ts';
import { parseKey } from '../../src/contract/parse-key.ts';

/** Values for every placeholder of `schemas/layout.json`. */
const PARTS = {
  ...{ flow: 'F', run: 'r-1', step: 'shout', task: 't-3-0', opener: 'start', item: 12, attempt: 0, activation: 'a1' },
  ...{
    part: 7,
    stream: 'stderr',
    created: 1_700_000_000_000,
    slot: 2,
    layer: 'abc',
    requirements: 'def',
    hash: 'abc',
    digest: '0f',
  },
  ...{ mark: 'm', contest: 'race', start: 'ab', sha: 'abcd', number: '3-failed' },
};

describe('keys of the datastore', () => {
  for (const [name, template] of Object.entries(keys)) {
    it(`parses the key that it builds for ${name}`, () => {
      const { name: found, ...parts } = parseKey(template(PARTS)) ?? {};
      assert.equal(found, name);
      for (const [part, value] of Object.entries(parts)) assert.equal(value, PARTS[part as keyof typeof PARTS]);
      assert.equal(template({ ...PARTS, ...parts }), template(PARTS));
    });
  }

  it('pads serial numbers and times, so that names sort by them', () => {
    assert.equal(keys.logPart(PARTS), '_nuvopipe/F/r-1/logs/shout/t-3-0/0/a1/00007.stderr');
    assert.equal(keys.ticket({ ...PARTS, created: 5 }), '_nuvopipe/slots/F/queue/0000000000005-r-1');
  });

  it('builds keys that begin with the prefixes of their lists', () => {
    assert.ok(keys.commit(PARTS).startsWith(prefixes.task(PARTS)));
    assert.ok(keys.failedItem(PARTS).startsWith(prefixes.failedItems(PARTS)));
    assert.ok(keys.logPart(PARTS).startsWith(prefixes.log(PARTS)));
    assert.ok(keys.live(PARTS).startsWith(prefixes.flowLive(PARTS)));
    assert.ok(keys.metaflowDone(PARTS).startsWith(prefixes.metaflowRun(PARTS)));
  });

  it('recognises a run named like a record', () => {
    assert.deepEqual(parseKey('_nuvopipe/live/F/run.json'), { name: 'live', flow: 'F', run: 'run.json' });
  });

  it('recognises a flow named like the folder of packages', () => {
    assert.deepEqual(parseKey('_nuvopipe/layers/r/run.json'), { name: 'run', flow: 'layers', run: 'r' });
  });

  it('does not parse keys of other objects', () => {
    for (const key of [
      '',
      '_nuvopipe/',
      '_nuvopipe/F/r/tasks/a/t/failed-x',
      '_nuvopipe/F/r/pools/a/t/claims/1/2',
      'F/r/a',
    ])
      assert.equal(parseKey(key), undefined, key);
  });
});
