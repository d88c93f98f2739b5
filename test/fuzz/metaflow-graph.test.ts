import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Plan, PlannedStep } from '../../src/contract/plan.ts';
import { METAFLOW_RETRY_TIMES_MAX } from '../../src/contract/protocol.generated.ts';
import { FIRST_USE_TIMEOUT_MS, testPython } from '../support/home.ts';
import { Compiler } from './compile.ts';
import { makeFlow } from './generate.ts';
import { casesOf, Random } from './random.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

const FOLDERS = ['examples', 'schemas/golden/flows', 'test/cases'];

/** Number of made-up flows. */
const MADE_UP = 100;

/** A step as Metaflow's `FlowGraph` has it. */
interface MetaflowStep {
  type: string;
  isStart: boolean;
  out: string[];
  /** The steps that open the splits around it; a join is in the one that it ends. */
  splits: string[];
  isJoin: boolean;
  foreach: string | null;
  /** Times of `@retry`. */
  retry: number | null;
  catches: boolean;
}

/** By step. */
type MetaflowGraph = Record<string, MetaflowStep>;

interface CompiledFlow {
  file: string;
  plan: Plan;
  metaflow: MetaflowGraph;
}

describe('the graph that Metaflow reads in flow.py', () => {
  let flows: CompiledFlow[];

  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-graphs-'));
    try {
      const files = [...(await flowFiles()), ...(await madeUpFlows(folder))];
      const plans = await compiled(files, folder);
      const graphs = await metaflowGraphs(plans.map(({ into }) => into));
      assert.equal(graphs.length, plans.length);
      flows = plans.map(({ file, plan }, index) => ({ file, plan, metaflow: graphs[index] as MetaflowGraph }));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('is the graph of the plan, in all examples, test cases and made-up flows', () => {
    for (const { file, plan, metaflow } of flows) assert.deepEqual(metaflow, metaflowSteps(plan), file);
  });

  it('is compared for every kind of transition and step', () => {
    const found = new Set<string>();
    for (const { plan } of flows) {
      for (const { next, joins, made, call, retry, catches } of Object.values(plan.steps)) {
        found.add(Object.keys(next)[0] as string);
        for (const [kind, is] of Object.entries({ joins, made, call, retry, catches })) if (is) found.add(kind);
      }
    }
    const expected = ['step', 'choose', 'open', 'done', 'end', 'handled', 'joins', 'made', 'call', 'retry', 'catches'];
    assert.deepEqual([...found].sort(), expected.sort());
  });
});

/** The steps of a plan as Metaflow sees them. It has no step for those that run after a failure. */
function metaflowSteps(plan: Plan): MetaflowGraph {
  const handlers = handlersOf(plan);
  const steps = Object.entries(plan.steps).filter(([step]) => !handlers.has(step));
  return Object.fromEntries(steps.map(([step, planned]) => [step, metaflowStep(plan, step, planned)]));
}

function metaflowStep(plan: Plan, step: string, { next, joins, within, retry, catches }: PlannedStep): MetaflowStep {
  const out = followingOf(plan, next);
  const opened = 'open' in next ? plan.pools[next.open] : undefined;
  const single = joins === undefined ? 'linear' : 'join';
  const fork = opened?.kind === 'foreach' ? 'foreach' : 'split';
  return {
    type: 'end' in next ? 'end' : 'choose' in next && out.length > 1 ? 'split-switch' : opened ? fork : single,
    isStart: step === plan.start,
    out,
    splits: [...within.filter((scope) => scope in plan.pools), ...(joins === undefined ? [] : [joins])],
    isJoin: joins !== undefined,
    foreach: opened?.over ?? null,
    retry: retry ? Math.min(retry.times, METAFLOW_RETRY_TIMES_MAX) : null,
    catches: catches ?? false,
  };
}

function followingOf(plan: Plan, next: PlannedStep['next']): string[] {
  if ('step' in next) return [next.step];
  if ('choose' in next) return next.choose;
  if ('open' in next) return plan.pools[next.open]?.first ?? [];
  return 'done' in next ? [plan.pools[next.done]?.join as string] : [];
}

function handlersOf({ onFailure, steps }: Plan): Set<string> {
  const handlers = new Set<string>();
  for (let step = onFailure; step !== undefined; ) {
    handlers.add(step);
    const { next } = steps[step] as PlannedStep;
    step = 'step' in next ? next.step : undefined;
  }
  return handlers;
}

async function flowFiles(): Promise<string[]> {
  const found = await Promise.all(FOLDERS.map((folder) => readdir(join(root, folder), { recursive: true })));
  return FOLDERS.flatMap((folder, index) => (found[index] as string[]).map((name) => join(root, folder, name)))
    .filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'))
    .sort();
}

async function madeUpFlows(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const seed of casesOf(MADE_UP)) {
    const file = join(folder, `made-up-${seed}.yaml`);
    await writeFile(file, makeFlow(new Random(seed)).yaml);
    files.push(file);
  }
  return files;
}

/** Compiles each file into a folder of its own under `folder`; those with errors have none. */
async function compiled(
  files: readonly string[],
  folder: string,
): Promise<{ file: string; plan: Plan; into: string }[]> {
  const compiler = new Compiler();
  const flows = [];
  try {
    for (const [index, file] of files.entries()) {
      const { bundle } = await compiler.compile(file);
      if (!bundle) continue;
      const into = join(folder, String(index));
      await mkdir(into);
      await writeFile(join(into, 'flow.py'), bundle.files.get('flow.py') as Uint8Array);
      flows.push({ file, plan: bundle.plan, into });
    }
  } finally {
    await compiler.close();
  }
  return flows;
}

async function metaflowGraphs(folders: readonly string[]): Promise<MetaflowGraph[]> {
  const { runtime } = await testPython();
  const script = join(import.meta.dirname, 'metaflow_graphs.py');
  const env = { PATH: process.env.PATH, HOME: tmpdir(), PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await run(runtime, [script, ...folders], { env, maxBuffer: 64 << 20 });
  const graphs: MetaflowGraph[] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const step of graphs.flatMap(Object.values<MetaflowStep>)) {
    step.out = [...new Set(step.out)];
    // A decision whose cases all lead to the same step has one outcome.
    const isOnlyNext = step.type === 'start' || (step.type === 'split-switch' && step.out.length === 1);
    if (isOnlyNext) step.type = 'linear';
  }
  return graphs;
}
