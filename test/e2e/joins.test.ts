import assert from 'node:assert/strict';
import { caseFile, runCase } from '../support/cases.ts';
import { deployFlow, flowFile, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

describe('joins and items of public bug reports', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  before(async () => {
    shared = await sharedPlatform();
  });

  it('merges items whose failures were caught', async () => {
    const { result } = await runCase(shared, 'catch_implicit_join');
    assert.deepEqual(result.outputs, { ok: 1 }, JSON.stringify(result));
  });

  it('merges sets and dicts of sets that items have read', async () => {
    const { result } = await runCase(shared, 'set_merge');
    const words = ['alpha', 'beta', 'delta', 'epsilon', 'eta', 'gamma', 'iota', 'theta', 'zeta'];
    assert.deepEqual(result.outputs, { words, n: 9 }, JSON.stringify(result));
  });

  it('merges a set read by an earlier run with one read by this run', async () => {
    const first = await runCase(shared, 'set_merge_resume', { file: 'flow1.yaml', params: { run: 'first' } });
    assert.match((first.result.error as { message: string }).message, /to be put right/);
    await deployFlow(shared, caseFile('set_merge_resume'));
    const { result } = await invoke(shared, 'SetMergeResume', { resume: 'first' });
    assert.deepEqual(result.outputs, { n: 9 }, JSON.stringify(result));
  });

  it('iterates over a Series by name as by expression', async () => {
    const { result } = await runCase(shared, 'foreach_series');
    const names = ['d', 'c', 'b'];
    assert.deepEqual(result.outputs, { by_name: names, by_expr: names }, JSON.stringify(result));
  });

  it('iterates over an array', async () => {
    const { result } = await runCase(shared, 'foreach_numpy');
    const { got, got2 } = result.outputs as Record<string, unknown>;
    // The second join collects the list that the first one has made.
    const first = [0, 0.5, 1];
    assert.deepEqual(got, [first, first], JSON.stringify(result));
    assert.deepEqual(got2, [[0, 1], [2, 3]]); // biome-ignore format: a matrix
  });

  it('reports an output that a join dropped', async () => {
    const { file, remove } = await flowFile(`flow: DroppedOutput
outputs: [kept, score]
steps:
  - { step: begin, run: self.kept = 1 }
  - foreach: range(3)
    steps: [{ step: work, run: self.score = self.input // 2 }]
    join: { step: gather, run: pass }
  - { step: finish, run: pass }
`);
    await deployFlow(shared, file);
    const { result } = await invoke(shared, 'DroppedOutput');
    await remove();
    assert.match(
      (result.error as { message: string }).message,
      /the output 'score' is not an artifact of the last step: the join "gather" dropped "score", because items 0 and 2 /,
    );
  });

  for (const [name, kind] of [
    ['foreach_dict', 'dict'],
    ['foreach_set', 'set'],
  ] as const) {
    it(`refuses a ${kind} as items`, async () => {
      const { result } = await runCase(shared, name);
      const { message } = result.error as { message: string };
      assert.match(
        message,
        new RegExp(`the foreach iterates over "\\w+", which must be a list but is of type ${kind}`),
      );
    });
  }
});
