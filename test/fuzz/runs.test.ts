import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artifactsOf, deployFlow, invoke, stockEnvironment, stockRun } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS, testPython } from '../support/home.ts';
import { sharedPlatform } from '../support/platform.ts';
import { Compiler } from './compile.ts';
import { type MadeFlow, type MakeOptions, makeFlow } from './generate.ts';
import { casesOf, Random, repeatWith } from './random.ts';
import { Simulator, writeFlow } from './simulator.ts';

/** Numbers of cases in one round. */
const RUNS = 8;
const FAILING_RUNS = 6;
const UNRELIABLE_RUNS = 6;
const STOCK_RUNS = 1;

/** Generated flows give the results that a plain interpreter of the flow file predicts. */
describe('generated flows', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let folder: string;
  let compiler: Compiler;
  let simulator: Simulator;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-fuzz-'));
    compiler = new Compiler();
    simulator = new Simulator((await testPython()).runtime);
  });
  after(async () => {
    await compiler.close();
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function check(number: number, made: MadeFlow, faults: number | null): Promise<void> {
    const { flow, yaml, parameters } = made;
    const file = join(folder, 'flow.yaml');
    await writeFile(file, yaml);
    const { bundle, diagnostics } = await compiler.compile(file);
    const said = diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
    assert.ok(bundle, `${repeatWith(number)}: ${said.join('; ')}\n${yaml}`);
    const place = join(folder, 'flow');
    await writeFlow(bundle, yaml, place);
    const problems = await simulator.ask({ do: 'run', folder: place, flow, parameters, faults });
    assert.deepEqual(problems, [], `${repeatWith(number)}\n${problems.join('\n')}\n${yaml}`);
  }

  async function checkMany(usual: number, options: MakeOptions, withFaults = false): Promise<void> {
    for (const number of casesOf(usual)) {
      const random = new Random(number);
      await check(number, makeFlow(random, options), withFaults ? random.below(2 ** 31) : null);
    }
  }

  it('give the results that a plain interpreter predicts', () => checkMany(RUNS, {}));

  it('fail in the steps that a plain interpreter predicts', () => checkMany(FAILING_RUNS, { fails: true }));

  it('give the same results despite lost sessions and containers', () =>
    checkMany(UNRELIABLE_RUNS, { hasPools: true }, true));

  it('give the same results on the local platform as under stock Metaflow', async () => {
    const shared = await sharedPlatform();
    const { python } = shared.platform;
    for (const number of casesOf(STOCK_RUNS)) {
      const { yaml } = makeFlow(new Random(number), { isStock: true });
      const file = join(folder, 'flow.yaml');
      await writeFile(file, yaml);
      const bundle = await deployFlow(shared, file);
      const { result } = await invoke(shared, bundle.manifest.flow);
      const said = `${repeatWith(number)}\n${yaml}`;
      assert.equal(result.status, 'succeeded', `${JSON.stringify(result)}\n${said}`);
      const pathspec = `${bundle.manifest.flow}/${result.run}`;
      const ours = await artifactsOf(python, stockEnvironment(shared), pathspec);
      const stock = await stockRun(python, bundle, folder, ['--max-workers', '4']);
      try {
        assert.equal(stock.code, 0, `${stock.stderr}\n${said}`);
        assert.deepEqual(ours.steps, (await artifactsOf(python, stock.env, stock.pathspec)).steps, said);
      } finally {
        await stock.remove();
      }
    }
  });
});
