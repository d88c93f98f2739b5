import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { toJson } from '../../../src/base/json.ts';
import { bundleOf, compileFlow } from '../../../src/compiler/compile-flow.ts';
import { keys } from '../../../src/contract/layout.generated.ts';
import type { Plan } from '../../../src/contract/plan.ts';
import type { StoreSettings } from '../../../src/contract/records.ts';
import { openStore } from '../../../src/platform/s3/store.ts';
import { testPython } from '../../support/home.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export interface WantedRun {
  run: string;
  params: Record<string, unknown>;
  /** The run stops after so many activations, as if its session had been lost. */
  components?: number;
}

/** Runs of the flow in `sample.yaml`, made by the real runtime without a platform. Answers each one's last envelope. */
export function makeRuns(store: StoreSettings, runs: WantedRun[]): Promise<Record<string, unknown>> {
  return driven(store, runs, 'sample.yaml');
}

/** The same of the flow in `control.yaml`. */
export function makeControlRuns(store: StoreSettings, runs: WantedRun[]): Promise<Record<string, unknown>> {
  return driven(store, runs, 'control.yaml');
}

/** As deploy does it. */
async function keepPlan(settings: StoreSettings, plan: Plan): Promise<void> {
  const store = await openStore(settings);
  await store.put(keys.plan({ flow: plan.flow, hash: plan.hash }), toJson(plan));
  store.close();
}

async function driven(store: StoreSettings, runs: WantedRun[], flow: string): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-runs-'));
  try {
    for (const name of ['nuvopipe_runtime', 'metaflow_extensions'])
      await cp(at(`../../../runtime/src/${name}`), join(folder, name), { recursive: true });
    const { files, plan } = bundleOf(await compileFlow(at(flow)));
    await mkdir(join(folder, 'flow'));
    for (const name of ['flow.py', 'plan.json'])
      await writeFile(join(folder, 'flow', name), files.get(name) as Uint8Array);
    await cp(at(flow), join(folder, 'flow', flow));
    await keepPlan(store, plan);
    const child = spawn((await testPython()).runtime, [at('drive.py'), '3'], {
      cwd: folder,
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: folder, PYTHONPATH: folder },
    });
    child.stdin?.end(JSON.stringify({ store, runs }));
    const [output, errors, [code]] = await Promise.all([
      text(child.stdio[3] as NodeJS.ReadableStream),
      text(child.stderr as NodeJS.ReadableStream),
      once(child, 'exit'),
    ]);
    if (code !== 0) throw new Error(`drive.py ended with ${code}: ${errors.slice(-2000)}`);
    return JSON.parse(output) as Record<string, unknown>;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a Python program with nothing but stock Metaflow; its output is JSON. */
export function withMetaflow<T>(program: string, env: Record<string, string>): Promise<T> {
  return runPython(['-I', '-c', program], env);
}

/** Runs Python, with Metaflow, in a folder of its own; its output is JSON. */
export async function runPython<T>(args: string[], env: Record<string, string>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-client-'));
  try {
    const child = spawn((await testPython()).runtime, args, {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, ...env },
    });
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    if (code !== 0) throw new Error(errors.slice(-3000));
    return JSON.parse(output) as T;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
