import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainPalette } from '../../src/base/terminal/palette.ts';
import { renderStatus } from '../../src/cli/views/run-views.ts';
import { renderWhy } from '../../src/cli/views/why-view.ts';
import { planPrune, pruneRuns } from '../../src/platform/runs/prune-runs.ts';
import { RunReader } from '../../src/platform/runs/reader.ts';
import { SETTLED_MS } from '../../src/platform/runs/retention.ts';
import { type RunStatus, runStatus } from '../../src/platform/runs/run-status.ts';
import { whyStep } from '../../src/platform/runs/why-run.ts';
import type { Store } from '../../src/platform/s3/store.ts';
import { runCommand } from '../support/command.ts';
import { artifactsOf, deployFlow, flowFile, invoke, stockEnvironment } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

const FLOW = 'CachedFlow';

/** Each step leaves a line in a file, so that it is known which were really executed. */
const flowText = (log: string, { square = 'self.n ** 2', prefix = 'sum' } = {}) => `
flow: ${FLOW}
parameters: { count: { type: integer, default: 3 }, token: { type: secret } }
environment: { vars: { LOG: "${log}" } }
outputs: [text]
steps:
  - step: begin
    run: |
      import os, random
      with open(os.environ["LOG"], "a") as file: file.write("begin ")
      self.numbers = list(range(self.count))
  - foreach: numbers
    as: n
    concurrency: 2
    steps:
      - step: square
        cache: true
        run: |
          import os
          with open(os.environ["LOG"], "a") as file: file.write(f"square{self.n} ")
          print("squaring", self.n)
          self.squared = ${square}
    join:
      step: add_up
      cache: true
      run: |
        import os
        with open(os.environ["LOG"], "a") as file: file.write("add_up ")
        self.merge_artifacts(inputs, include=["count"])
        self.total = sum(each.squared for each in inputs)
  - step: finish
    cache: true
    run: |
      import os
      with open(os.environ["LOG"], "a") as file: file.write("finish ")
      self.text = f"${prefix}: {self.total}"
`;

describe('cached steps and deleted runs, end to end', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  let store: Store;
  let folder: string;
  let log: string;

  before(async () => {
    shared = await sharedPlatform();
    store = shared.store;
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-cache-'));
    log = join(folder, 'log');
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function deploy(text: string): Promise<void> {
    const { file, remove } = await flowFile(text);
    try {
      await deployFlow(shared, file);
    } finally {
      await remove();
    }
  }

  /** A run's outputs, and which steps were executed. */
  async function run(name: string, params: object = {}): Promise<[outputs: unknown, executed: string[]]> {
    await writeFile(log, '');
    const { result } = await invoke(shared, FLOW, { run: name, token: 'hush', ...params });
    const executed = (await readFile(log, 'utf8')).trim().split(' ').toSorted();
    return [result.outputs ?? result, executed];
  }

  const artifacts = async (name: string) =>
    artifactsOf(shared.platform.python, stockEnvironment(shared), `${FLOW}/${name}`);
  const key = (name: string) => ({ flow: FLOW, run: name });
  const why = async (name: string, step: string) =>
    renderWhy(await whyStep(new RunReader(store), key(name), step), plainPalette)
      .split('\n')
      .slice(1)
      .join('\n');

  it('a second run reuses them and produces the same artifacts', async () => {
    await deploy(flowText(log));
    assert.deepEqual(await run('one'), [
      { text: 'sum: 5' },
      ['add_up', 'begin', 'finish', 'square0', 'square1', 'square2'],
    ]);
    assert.deepEqual(await run('two'), [{ text: 'sum: 5' }, ['begin']]);
    assert.deepEqual(await artifacts('two'), await artifacts('one'));
    assert.equal((await artifacts('two')).steps.square?.[1]?.stdout, 'squaring 1\n');
    assert.match(await why('one', 'square'), /✓ t-0, t-1, t-2 ran: the cache has no entry from an earlier run/);
    assert.match(await why('two', 'square'), /= t-0, t-1, t-2 did not run: reused from CachedFlow\/one$/);
    assert.match(await why('two', 'begin'), /ran: the step has no "cache: true"/);
    const status = (await runStatus(new RunReader(store), key('two'))) as RunStatus;
    assert.deepEqual(
      status.steps.map(({ step, reused }) => [step, reused]),
      [
        ['begin', undefined],
        ['square', 3],
        ['add_up', 1],
        ['finish', 1],
      ],
    );
    assert.match(renderStatus(status, plainPalette, Date.now()), /= {2}add_up/);
  });

  it('changed steps and their successors run; parameters and secrets count as inputs', async () => {
    await deploy(flowText(log, { prefix: 'total' }));
    assert.deepEqual(await run('three'), [{ text: 'total: 5' }, ['begin', 'finish']]);
    assert.match(await why('three', 'finish'), /ran: since CachedFlow\/two, the code of the step changed/);
    await deploy(flowText(log, { square: 'self.n * self.n', prefix: 'total' }));
    assert.deepEqual(await run('four'), [{ text: 'total: 5' }, ['begin', 'square0', 'square1', 'square2']]);
    assert.deepEqual((await run('five', { count: 2 }))[1], ['add_up', 'begin', 'finish', 'square0', 'square1']);
    assert.match(
      await why('five', 'add_up'),
      /since CachedFlow\/four, its coordinate .*, the input count \(\w+ → \w+\), .* changed/,
    );
    assert.deepEqual((await run('six', { token: 'other' }))[1], [
      'add_up',
      'begin',
      'finish',
      'square0',
      'square1',
      'square2',
    ]);
    assert.match(await why('six', 'finish'), /a secret/);
    // And all of it back again: nothing is forgotten.
    await deploy(flowText(log));
    assert.deepEqual(await run('seven'), [{ text: 'sum: 5' }, ['begin']]);
  });

  it('steps of a sequence are reused, each by its own action', async () => {
    const { file, remove } = await flowFile(`
flow: CachedSequence
target: sequence
outputs: [c]
steps:
  - { step: first, cache: true, run: self.a = 1 }
  - { step: second, cache: true, run: self.b = self.a + 1, resources: { memory: 128 } }
  - { step: third, run: self.b += 1 }
  - { step: last, cache: true, run: self.c = self.b + 1 }
`);
    try {
      await deployFlow(shared, file);
      for (const reused of [
        [undefined, undefined, undefined, undefined],
        [1, 1, undefined, 1],
      ]) {
        const { result } = await invoke(shared, 'CachedSequence');
        assert.deepEqual(result.outputs, { c: 4 }, JSON.stringify(result));
        const status = await runStatus(new RunReader(store), { flow: 'CachedSequence', run: String(result.run) });
        assert.deepEqual(
          status?.steps.map((step) => step.reused),
          reused,
        );
      }
    } finally {
      await remove();
    }
  });

  it('as a command', async () => {
    const args = ['--home', shared.home];
    const { code, stdout } = await runCommand('why', [`${FLOW}/seven`, 'square', '--task', 't-1', '--json', ...args]);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout).tasks, [
      { task: 't-1', executed: false, reasons: [{ kind: 'cached', from: `${FLOW}/one/square/t-1` }] },
    ]);
    const unknown = await runCommand('why', [`${FLOW}/seven`, 'squares', ...args]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /did you mean "square"/);
    assert.match(
      (await runCommand('why', [`${FLOW}/seven`, 'square', '--task', 't-9', ...args])).stderr,
      /tasks: t-0, t-1/,
    );
  });

  it('their original run can be deleted: the cache keeps what it needs', async () => {
    const reader = new RunReader(store);
    const before = await artifacts('seven');
    const plan = await planPrune(reader, FLOW, { keep: 1 }, Date.now() + SETTLED_MS + 60_000);
    assert.equal(plan.summary.runs.length, 6);
    await pruneRuns(reader, plan, () => {});
    assert.deepEqual(await reader.runIds(FLOW), ['seven']);
    assert.deepEqual(await artifacts('seven'), before);
    assert.deepEqual(await run('eight'), [{ text: 'sum: 5' }, ['begin']]);
    // Logs are no artifacts: they went with the run that wrote them.
    const found = async (name: string) =>
      Object.values((await artifacts(name)).steps).map((tasks) => tasks.map((task) => task.artifacts));
    assert.deepEqual(await found('eight'), await found('seven'));
    assert.deepEqual((await run('nine', { count: 4 }))[0], { text: 'sum: 14' });
  });

  it('prune only lists runs without --yes, and keeps recent ones', async () => {
    const args = ['--home', shared.home];
    const shown = await runCommand('prune', [FLOW, '--keep', '1', '--json', ...args]);
    assert.deepEqual(
      [shown.code, JSON.parse(shown.stdout)],
      [
        0,
        {
          deleted: false,
          flows: [{ flow: FLOW, runs: [], kept: { latest: 1, settling: 2 }, cacheEntries: 0, objects: 0, bytes: 0 }],
        },
      ],
    );
    const done = await runCommand('prune', [FLOW, '--older-than', '0d', '--yes', ...args]);
    assert.match(
      done.stdout,
      /CachedFlow: nothing to delete \(kept: 3 changed in the last day\)\nThere is nothing to delete\./,
    );
    for (const [given, message] of [
      [['--keep-failed'], /no rule selects runs to delete/],
      [['--older-than', '30'], /invalid age "30"/],
      [['NoFlow', '--keep', '1'], /no runs of a flow "NoFlow"/],
    ] as const) {
      const refused = await runCommand('prune', [...given, ...args]);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, message);
    }
  });
});
