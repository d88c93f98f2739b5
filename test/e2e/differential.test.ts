import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  artifactsOf,
  compileFile,
  deployFlow,
  flowFile,
  invoke,
  modulePath,
  type RunArtifacts,
  stockEnvironment,
  stockRun,
} from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

const flows = join(import.meta.dirname, '../fixtures/flows');

const MORE = join(flows, 'more.txt');

/** `args`: what stock Metaflow is given where it is not the parameters as they are. */
const MATRIX: { name: string; flow: string; params?: Record<string, unknown>; args?: string[] }[] = [
  { name: 'linear, with None, unicode and every type of parameter', flow: 'linear' },
  { name: 'the same with parameters given', flow: 'linear', params: { text: 'ž', count: 5, share: 0.25, flag: false } },
  { name: 'branches, with joins written and left out', flow: 'branches' },
  { name: 'foreach', flow: 'foreach' },
  { name: 'foreach of one item', flow: 'foreach', params: { items: 1 } },
  { name: 'foreach of 30 items', flow: 'foreach', params: { items: 30 } },
  { name: 'foreach and branches nested in each other', flow: 'nested' },
  { name: 'a switch into branches, switches and foreaches in a foreach', flow: 'switch', params: { count: 6 } },
  { name: 'a switch to its default', flow: 'switch', params: { kind: 'palm', count: 1 } },
  { name: 'loops of one step: while, until, at most so often, never', flow: 'recursion' },
  { name: 'a loop of many turns', flow: 'recursion', params: { until: 0.0000000001 } },
  { name: 'joins of every kind', flow: 'joins' },
  { name: 'retries and catches, of exceptions and crashes', flow: 'attempts' },
  {
    name: 'files as parameters, left out, given and by default',
    flow: 'files',
    params: { more: readFileSync(MORE, 'utf8') },
    args: ['--more', MORE],
  },
  { name: 'numbers that JavaScript cannot hold, JSON and bytes, by default', flow: 'numbers' },
  {
    name: 'the same numbers given',
    flow: 'numbers',
    params: { id: '12345678901234567889', rate: '1e22', options: '[1.0, 9007199254740993]', label: '"text"' },
  },
  { name: 'threads, child processes, modules, files and exit handlers', flow: 'process' },
  { name: 'Metaflow’s client inside a step', flow: 'client' },
  { name: 'a large artifact, a data frame, an object of a user’s class, a foreach over a series', flow: 'values' },
];

/** Fails for stock Metaflow and for nuvopipe alike, and says why. */
const FAILING: { name: string; flow: string; message: RegExp }[] = [
  {
    name: 'an empty foreach list',
    flow: 'empty',
    message: /step make: the foreach iterates over "nobody", which is an empty list/,
  },
  {
    name: 'a foreach over a number',
    flow: 'notalist',
    message: /step make: the foreach iterates over "number", .*of type int/,
  },
];

describe('a run equals stock Metaflow’s run of the same compiled file', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;

  before(async () => {
    shared = await sharedPlatform();
  });

  for (const { name, flow, params = {}, args = argumentsOf(params) } of MATRIX) {
    it(name, async () => {
      const bundle = await deployFlow(shared, join(flows, `${flow}.yaml`));
      const { result } = await invoke(shared, bundle.manifest.flow, params);
      assert.equal(result.status, 'succeeded', JSON.stringify(result));
      const { python } = shared.platform;
      const env = { ...stockEnvironment(shared), PYTHONPATH: await modulePath(bundle, flows) };
      const ours = await artifactsOf(python, env, `${bundle.manifest.flow}/${result.run}`);

      const stock = await stockRun(python, bundle, flows, [...args, '--max-workers', '2']);
      try {
        assert.equal(stock.code, 0, stock.stderr);
        const theirs = await artifactsOf(python, stock.env, stock.pathspec);
        assertSame(ours, theirs);
      } finally {
        await stock.remove();
      }
    });
  }

  for (const { name, flow, message } of FAILING) {
    it(`${name} fails in both`, async () => {
      const bundle = await deployFlow(shared, join(flows, `${flow}.yaml`));
      const { result } = await invoke(shared, bundle.manifest.flow);
      assert.match((result.error as { message: string }).message, message);
      const stock = await stockRun(shared.platform.python, bundle, flows);
      await stock.remove();
      assert.notEqual(stock.code, 0);
      assert.match(stock.stderr, message);
    });
  }

  it('would be noticed if one value differed', async () => {
    const text = (value: number) => `flow: OneValueFlow\nsteps:\n  - step: a\n    run: self.x = ${value}\n`;
    const [mine, other] = [await flowFile(text(1)), await flowFile(text(2))];
    try {
      await deployFlow(shared, mine.file);
      const { result } = await invoke(shared, 'OneValueFlow');
      const { python } = shared.platform;
      const ours = await artifactsOf(python, stockEnvironment(shared), `OneValueFlow/${result.run}`);
      const stock = await stockRun(python, await compileFile(other.file), flows);
      const theirs = await artifactsOf(python, stock.env, stock.pathspec);
      await stock.remove();
      assert.throws(() => assertSame(ours, theirs), assert.AssertionError);
    } finally {
      await mine.remove();
      await other.remove();
    }
  });
});

function argumentsOf(params: Record<string, unknown>): string[] {
  return Object.entries(params).flatMap(([key, value]) => [`--${key}`, String(value)]);
}

function assertSame(ours: RunArtifacts, theirs: RunArtifacts): void {
  assert.deepEqual(Object.keys(ours.steps), Object.keys(theirs.steps));
  for (const [step, tasks] of Object.entries(ours.steps)) assert.deepEqual(tasks, theirs.steps[step], `step ${step}`);
}
