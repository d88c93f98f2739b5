/** Cases that concern no part alone: ordinary flows as people write them. The other cases are tested beside what they are about. */
import assert from 'node:assert/strict';
import { logOf, runCase } from '../support/cases.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

describe('Flows from bug reports', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;

  before(async () => {
    shared = await sharedPlatform();
  });

  const SUCCEED: [string, Record<string, unknown>][] = [
    ['many_artifacts', { n: 1_124_250 }],
    ['cache_list', { n: 8 }],
    ['pip_step_join', { n: 2 }],
  ];
  for (const [name, outputs] of SUCCEED) {
    it(`${name} succeeds`, async () => {
      const { result } = await runCase(shared, name);
      assert.deepEqual(result.outputs, outputs, JSON.stringify(result));
    });
  }

  it('wf_poll: a loop pauses between its turns', async () => {
    const { result } = await runCase(shared, 'wf_poll', { file: 'pause.yaml' });
    assert.deepEqual(result.outputs, { looks: 4, pauses: [true, true, true] });
  });

  it('big_artifact: 120 MB pass from step to step', async () => {
    const { result } = await runCase(shared, 'big_artifact');
    assert.equal((result.outputs as { n: number }).n, 120_000_000);
  });

  it('nested_index: an item of an inner foreach knows its place in both', async () => {
    const { result } = await runCase(shared, 'nested_index');
    const rows = (result.outputs as { all: [string, number, string, unknown][] }).all;
    assert.deepEqual(
      rows.map(([outer, index, input]) => [outer, index, input]),
      [
        ['a', 0, 'a0'],
        ['a', 1, 'a1'],
        ['b', 0, 'b0'],
        ['b', 1, 'b1'],
        ['b', 2, 'b2'],
      ],
    );
    assert.deepEqual(rows[4]?.[3], [
      [1, 2, 'b'],
      [2, 3, 'b2'],
    ]);
  });

  const FAIL: [string, RegExp][] = [
    ['missing_art', /^AttributeError: .*no attribute 'x' \(flow\.yaml:8\)$/],
    ['deep_pickle', /^the artifact "x" cannot be stored: it is nested too deeply/],
    ['stdin_input', /^EOFError: EOF when reading a line \(flow\.yaml:9\)$/],
  ];
  for (const [name, message] of FAIL) {
    it(`${name} fails with its reason`, async () => {
      const { result } = await runCase(shared, name);
      assert.match((result.error as { message: string }).message, message);
    });
  }

  it('stdin_input reads an empty standard input', async () => {
    const { result } = await runCase(shared, 'stdin_input');
    const { stdout } = await logOf(shared, 'StdinInput', (result.error as { run: string }).run, 'ask');
    assert.match(stdout, /^'' \['.*flow\.py'\] python\S* __main__ flow\.py\n/);
  });
});
