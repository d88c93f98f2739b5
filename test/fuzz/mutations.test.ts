import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { UserError } from '../../src/base/errors.ts';
import { plainPalette } from '../../src/base/terminal/palette.ts';
import { silentReport } from '../../src/base/terminal/progress.ts';
import type { CompileResult } from '../../src/compiler/compile-flow.ts';
import type { Bundle } from '../../src/contract/manifest.ts';
import type { Plan, PlannedStep } from '../../src/contract/plan.ts';
import { ENVELOPE_KEY } from '../../src/contract/protocol.generated.ts';
import type { Diagnostic } from '../../src/language/diagnostics/diagnostic.ts';
import { renderDiagnostics } from '../../src/language/diagnostics/render-diagnostic.ts';
import type { SourceFile } from '../../src/language/diagnostics/source-file.ts';
import { allSteps } from '../../src/language/model/flow.ts';
import { deployBundle } from '../../src/platform/deploy/deploy-bundle.ts';
import { openWhisk, type Whisk } from '../../src/platform/openwhisk/client.ts';
import type { Store } from '../../src/platform/s3/store.ts';
import { type WhiskTwin as Server, startWhisk } from '../../src/twin/openwhisk/server.ts';
import { FIRST_USE_TIMEOUT_MS, testPython } from '../support/home.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { Compiler } from './compile.ts';
import { makeFlow } from './generate.ts';
import { mutate } from './mutate.ts';
import { casesOf, Random, repeatWith } from './random.ts';
import { Simulator, writeFlow } from './simulator.ts';

/** Usual number of cases. */
const MUTANTS = 200;
/** One of so many is made of a flow that was made up. */
const MADE_EVERY = 3;
/** So many are shown. */
const FAILURES_MAX = 5;
/** What reading, checking and compiling a file may take on a busy machine. */
const CASE_MAX_MS = 20_000;
/** What sounds like a program that has gone wrong. */
const INTERNAL =
  /\bat \S+ \(?\S+:\d+:\d+|\[object |undefined|Traceback|\bNaN\b.*\bNaN\b|Cannot read prop|is not a function|is not iterable/;

const AUTH = '23bc46b1-71f6-4ed5-8c54-816aa4f8c502:123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP';
/** No run has left anything in it. */
const STORE = {
  settings: { bucket: 'b', region: 'r', accessKeyId: 'AKID', secretAccessKey: 'secret' },
  async *list() {},
  async put() {},
} as unknown as Store;

const root = join(import.meta.dirname, '../..');

/** Whatever a file holds, it is told what is wrong with it, or it becomes a bundle that can be run. */
describe('flow files with random changes', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let folder: string;
  let compiler: Compiler;
  let simulator: Simulator;
  let server: Server;
  let whisk: Whisk;
  let corpus: string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-fuzz-'));
    corpus = await flowFiles(folder);
    compiler = new Compiler();
    simulator = new Simulator((await testPython()).runtime);
    server = await startWhisk({
      stateDir: join(folder, 'whisk'),
      auth: AUTH,
      runtimes: { node: { executable: process.execPath }, python: { executable: 'python3' }, pythonPreload: [] },
      alarms: { clock: new ManualClock('2026-03-01T00:00:00.000Z') },
    });
    whisk = openWhisk({ apihost: server.url, auth: AUTH, namespace: 'guest', insecure: false });
  });
  after(async () => {
    whisk.close();
    await server.close();
    await compiler.close();
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  });

  function mutantOf(number: number): string {
    const random = new Random(number);
    const original = number % MADE_EVERY === 0 ? makeFlow(random).yaml : random.pick(corpus);
    return mutate(random, original, corpus);
  }

  async function check(text: string): Promise<CompileResult> {
    const file = join(folder, 'flow.yaml');
    await writeFile(file, text);
    const started = performance.now();
    const result = await compiler.compile(file);
    const { source, diagnostics, bundle } = result;
    const tookMs = performance.now() - started;
    assert.ok(tookMs < CASE_MAX_MS, `it took ${tookMs} ms`);
    for (const diagnostic of diagnostics) checkDiagnostic(diagnostic, source);
    const said = renderDiagnostics(diagnostics, source, plainPalette);
    assert.ok(
      bundle || diagnostics.some(({ severity }) => severity === 'error'),
      `not compiled, and not said why: ${said}`,
    );
    return result;
  }

  it('are rejected with a message, or compile to a flow that can be run', async () => {
    let compiled = 0;
    const failures: string[] = [];
    for (const number of casesOf(MUTANTS)) {
      const text = mutantOf(number);
      try {
        const { bundle, flow } = await check(text);
        if (!bundle || !flow) continue;
        compiled++;
        checkPlan(bundle.plan);
        await checkConductor(bundle);
        const place = join(folder, 'flow');
        await writeFlow(bundle, text, place);
        const modules = [...allSteps(flow)].flatMap(({ body }) =>
          body?.kind === 'call' ? packagesOf(body.module) : [],
        );
        const lints = !hasWideLoop(bundle.plan);
        const problems = await simulator.ask({ do: 'load', folder: place, name: bundle.plan.flow, modules, lints });
        assert.deepEqual(problems, []);
        await checkDeploy(bundle);
      } catch (error) {
        failures.push(`${repeatWith(number)}\n${(error as Error).stack}\n${text}`);
        if (failures.length === FAILURES_MAX) break;
      }
    }
    assert.equal(failures.length, 0, failures.join('\n\n'));
    if (casesOf(MUTANTS).length > 100) assert.ok(compiled > MUTANTS / 20, `only ${compiled} were compiled`);
  });

  /** The platform takes all of it; feeds that it does not have are no fault of the bundle's. */
  async function checkDeploy(bundle: Bundle): Promise<void> {
    const { plan } = bundle;
    if (Object.values(plan.profiles).some(({ pip }) => pip)) return; // packages are downloaded
    const secrets = Object.fromEntries(
      Object.values(plan.steps).flatMap((step) => (step.secrets ?? []).map((name) => [name, 'x'])),
    );
    const options = { python: 'none', home: folder, vendored: false, user: 'tester', report: silentReport };
    try {
      await deployBundle({ bundle, whisk, store: STORE, secrets, triggers: true, ...options });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (!/feed|trigger|namespace/.test(error.message)) throw error;
    }
  }
});

/** The examples' and the fixtures', with what lies beside them put in the folder. */
async function flowFiles(folder: string): Promise<string[]> {
  const examples = (await readdir(join(root, 'examples'))).map((name) => join(root, 'examples', name));
  const texts: string[] = [];
  await mkdir(folder, { recursive: true });
  for (const place of [...examples, join(root, 'test/fixtures/flows')]) {
    for (const name of await readdir(place)) {
      if (!name.endsWith('.yaml')) await cp(join(place, name), join(folder, name), { recursive: true });
      else if (!name.endsWith('.test.yaml')) texts.push(await readFile(join(place, name), 'utf8'));
    }
  }
  return texts;
}

function checkDiagnostic(diagnostic: Diagnostic, source: SourceFile): void {
  const { code, message, hint, range } = diagnostic;
  const said = JSON.stringify(diagnostic);
  assert.match(code, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, said);
  assert.ok(message.trim() !== '', said);
  // What the user wrote may be quoted.
  for (const text of [message, hint ?? ''])
    assert.ok(!INTERNAL.test(text) || source.text.includes(INTERNAL.exec(text)?.[0] ?? ''), said);
  const { start, end } = range;
  assert.ok(start.line >= 1 && end.line >= start.line && end.line <= source.lineCount, said);
  assert.ok(start.column >= 1 && start.column <= source.line(start.line).length + 2, said);
  assert.ok(end.column >= 1 && (end.line > start.line || end.column >= start.column), said);
  assert.ok(end.column <= source.line(end.line).length + 2, said);
}

/** Everything that a plan names is there. */
function checkPlan(plan: Plan): void {
  const steps = new Set(Object.keys(plan.steps));
  const isStep = (name: string | undefined) =>
    assert.ok(name !== undefined && steps.has(name), `there is no step ${name}`);
  isStep(plan.start);
  isStep(plan.end);
  if (plan.onFailure !== undefined) isStep(plan.onFailure);
  const blocks = new Set<string>();
  for (const [name, { next, within, joins, profile, block }] of Object.entries(plan.steps)) {
    blocks.add(block);
    assert.ok(plan.profiles[profile], `step ${name}: there is no profile ${profile}`);
    for (const scope of within)
      assert.ok(plan.pools[scope] || plan.loops[scope], `step ${name}: there is no scope ${scope}`);
    if (joins !== undefined) assert.equal(plan.pools[joins]?.join, name);
    if ('step' in next) isStep(next.step);
    if ('choose' in next) next.choose.forEach(isStep);
    if ('open' in next) assert.ok(plan.pools[next.open] && next.open === name, `step ${name} opens ${next.open}`);
    if ('done' in next)
      assert.ok(plan.pools[next.done]?.last.includes(name), `step ${name} is no last one of ${next.done}`);
  }
  for (const block of blocks) isStep(block);
  for (const [opener, pool] of Object.entries(plan.pools)) {
    [opener, pool.join, ...pool.first, ...pool.last].forEach(isStep);
    assert.equal(pool.first.length, pool.last.length);
    if (pool.branches) assert.equal(pool.branches.length, pool.first.length);
    assert.ok(pool.concurrency >= 1 && (pool.batch ?? 1) >= 1);
  }
  for (const { first } of Object.values(plan.loops)) isStep(first);
  const reached = new Set<string>();
  const pending = [plan.start, ...(plan.onFailure === undefined ? [] : [plan.onFailure])];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    const { next } = plan.steps[name] as PlannedStep;
    if ('step' in next) pending.push(next.step);
    if ('choose' in next) pending.push(...next.choose);
    if ('open' in next) pending.push(...(plan.pools[next.open]?.first ?? []), plan.pools[next.open]?.join as string);
  }
  assert.deepEqual(
    [...steps].filter((name) => !reached.has(name)),
    [],
    'steps that are never reached',
  );
}

/** What a conductor answers that goes on. */
interface Component {
  action: string;
  params: { step: string };
}

/** It is loaded as OpenWhisk does it, and finds the action of each step. */
async function checkConductor({ plan, manifest, files }: Bundle): Promise<void> {
  const code = Buffer.from(files.get('conductor.js') ?? '').toString();
  const sandbox = { require: () => ({}), process: { env: {} }, console: { log() {}, error() {} }, Buffer };
  const main = runInNewContext(`${code}\n;main`, sandbox, { timeout: CASE_MAX_MS }) as (
    params: object,
  ) => Promise<Component>;
  for (const [step, { block, profile }] of Object.entries(plan.steps)) {
    const { action, params } = await main({ [ENVELOPE_KEY]: { run: 'r', block, step, at: [] } });
    assert.deepEqual([action, params.step], [`/_/${manifest.package}/${profile}-${manifest.flowVersion}`, step]);
  }
}

/** `a.b.c` → `a`, `a.b`, `a.b.c` */
function packagesOf(module: string): string[] {
  return module.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'));
}

/** A loop of several steps is not what Metaflow takes for a flow. */
function hasWideLoop({ loops, steps }: Plan): boolean {
  return Object.keys(loops).some(
    (loop) => Object.values(steps).filter(({ within }) => within.includes(loop)).length > 1,
  );
}
