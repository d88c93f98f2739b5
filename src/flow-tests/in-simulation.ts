import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { unzipSync } from 'fflate';
import { SystemError } from '../base/errors.ts';
import { parseJson, toJson } from '../base/json.ts';
import { PYTHON_DIR } from '../base/package-files.ts';
import { writeFiles } from '../base/write-files.ts';
import type { Bundle } from '../contract/manifest.ts';
import type { StoreSettings } from '../contract/records.ts';
import type { Packages } from './packages.ts';
import { type TestCase, valuesOf } from './test-file.ts';
import type { CaseOutcome, ReadTask } from './test-outcome.ts';

/** Size of the kept stderr, in case the process ends. */
const STDERR_KEPT = 4_000;

/** The runner's process ends with its input, even in the middle of a step. */
const END_GRACE_MS = 2_000;

/**
 * A process that runs cases of one flow in sequence on a simulated platform: the real runtime and Metaflow, with
 * sessions, storage and time in memory.
 */
export class Simulation {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #answers: AsyncIterator<string>;
  #stderr = '';

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.#closed = once(child, 'close');
    // Writing to a process that has ended: the missing answer reports it.
    child.stdin?.on('error', () => undefined);
    child.stderr?.on('data', (data) => {
      this.#stderr = (this.#stderr + data).slice(-STDERR_KEPT);
    });
    this.#answers = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  /** @param python interpreter with Metaflow */
  static async start(bundle: Bundle, python: string, packages: Packages): Promise<Simulation> {
    const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-test-'));
    try {
      const flow = await unpackFlow(bundle, folder);
      const child = spawn(python, ['-m', 'nuvopipe_testing', flow, packages.folder, ...packages.layers], {
        cwd: flow,
        env: { ...process.env, PYTHONPATH: PYTHON_DIR },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      return new Simulation(folder, child);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Runs a case and reads these artifacts, by step, of its run. */
  run({ parameters, secrets, mocks }: TestCase, artifacts: Record<string, string[]>): Promise<CaseOutcome> {
    return this.#ask({
      parameters: valuesOf(parameters),
      secrets: valuesOf(secrets),
      mocks: Object.fromEntries(mocks.map(({ step, value }) => [step.value, value])),
      artifacts,
    });
  }

  /** Reads artifacts, by step, of a run in a datastore. */
  async read(
    store: StoreSettings,
    run: string,
    artifacts: Record<string, string[]>,
  ): Promise<Record<string, ReadTask[]>> {
    const answer = await this.#ask<{ artifacts: Record<string, ReadTask[]> } | { broken: string }>({
      read: run,
      store,
      artifacts,
    });
    if ('broken' in answer) throw new SystemError('artifacts', `the artifacts cannot be read: ${answer.broken}`);
    return answer.artifacts;
  }

  /** Stops the process and removes its files. */
  async close(): Promise<void> {
    this.#child.stdin?.end();
    this.#child.kill();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), END_GRACE_MS);
    await this.#closed.catch(() => undefined);
    clearTimeout(late);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ask<Answer>(question: unknown): Promise<Answer> {
    this.#child.stdin?.write(`${toJson(question)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) {
      const reason = this.#stderr.trim().split('\n').at(-1) || 'it printed nothing';
      throw new SystemError('test-runner', `the process that runs the cases ended: ${reason}`);
    }
    return parseJson(value) as Answer;
  }
}

/** The flow as in its step action: `flow.py`, the plan, the user's code. */
async function unpackFlow(bundle: Bundle, folder: string): Promise<string> {
  const zip = bundle.files.get('step.zip');
  if (zip === undefined) throw new TypeError('the bundle has no step action');
  const files = Object.entries(unzipSync(zip));
  await writeFiles(
    folder,
    files.filter(([path]) => path.startsWith('flow/')),
  );
  return join(folder, 'flow');
}
