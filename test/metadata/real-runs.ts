import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { StoreSettings } from '../../src/model/records.ts';
import { testPython } from '../support/home.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export interface WantedRun {
  run: string;
  params: Record<string, unknown>;
  /** The run stops after so many activations, as if its session had been lost. */
  components?: number;
}

/** Real runs of the flow in `sample_flow`, made by the real runtime without a platform. Answers each one's last envelope. */
export async function makeRuns(store: StoreSettings, runs: WantedRun[]): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-runs-'));
  try {
    await cp(at('../../runtime/nuvopipe_runtime'), join(folder, 'nuvopipe_runtime'), { recursive: true });
    await cp(at('sample_flow'), join(folder, 'flow'), { recursive: true });
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
export async function withMetaflow<T>(program: string, env: Record<string, string>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-client-'));
  try {
    const child = spawn((await testPython()).runtime, ['-I', '-c', program], {
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
