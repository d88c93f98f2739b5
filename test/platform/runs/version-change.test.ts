import assert from 'node:assert/strict';
import { versionChangeText } from '../../../src/cli/views/version-change-view.ts';
import { keys } from '../../../src/contract/layout.generated.ts';
import { versionOf } from '../../../src/contract/names.ts';
import { RunReader } from '../../../src/platform/runs/reader.ts';
import { versionChange } from '../../../src/platform/runs/version-change.ts';
import { MemoryObjects } from '../../support/memory-objects.ts';
import { planOf } from '../../support/records.ts';

const [WAS, NOW] = ['a'.repeat(64), 'b'.repeat(64)];

describe('the change of a flow since a run', () => {
  let objects: MemoryObjects;
  const change = (now = NOW) => versionChange(new RunReader(objects.store), { flow: 'F', bundle: WAS }, versionOf(now));

  beforeEach(() => {
    objects = new MemoryObjects();
    const steps = { start: {}, old: {}, same: {}, switch_x: { made: true as const } };
    objects.put(keys.plan({ flow: 'F', hash: WAS }), planOf('F', steps, { hash: WAS }));
  });

  it('names the steps that are new, gone or planned differently, without synthetic ones', async () => {
    const steps = { start: { timeoutMs: 1 }, same: { block: 'b2' }, new: {}, switch_y: { made: true as const } };
    objects.put(keys.plan({ flow: 'F', hash: NOW }), planOf('F', steps, { hash: NOW }));
    const found = await change();
    assert.deepEqual(found?.steps, { added: ['new'], removed: ['old'], changed: ['start'] });
    assert.equal(
      found && versionChangeText(found),
      `The deployed flow has changed since that run (version ${versionOf(WAS)} → ${versionOf(NOW)}); added: new; removed: old; changed: start`,
    );
  });

  it('is undefined for the same version', async () => {
    assert.equal(await change(WAS), undefined);
  });

  it('names no steps without both plans', async () => {
    assert.deepEqual(await change(), { was: versionOf(WAS), now: versionOf(NOW) });
  });
});
