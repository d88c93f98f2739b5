import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { PYTHON_DIR } from '../../src/base/package-files.ts';
import type { Bundle } from '../../src/contract/manifest.ts';

/** A Python with Metaflow that looks at compiled flows and runs them, see `simulate.py`. */
export class Simulator {
  readonly #child: ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #answers: AsyncIterator<string>;

  /** @param python interpreter that has Metaflow */
  constructor(python: string) {
    this.#child = spawn(python, ['-W', 'ignore', join(import.meta.dirname, 'simulate.py')], {
      env: {
        ...process.env,
        PYTHONPATH: [PYTHON_DIR, import.meta.dirname].join(delimiter),
        PYTHONDONTWRITEBYTECODE: '1',
        USERNAME: 'tester',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#stderr = text(this.#child.stderr as NodeJS.ReadableStream);
    this.#answers = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  /** @returns what is wrong */
  async ask(question: Record<string, unknown>): Promise<string[]> {
    this.#child.stdin?.write(`${JSON.stringify(question, mapsAsPairs)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the simulator ended: ${await this.#stderr}`);
    return JSON.parse(value).problems;
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, 'close');
  }
}

function mapsAsPairs(_: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}

/** A bundle's flow as it lies in its step action. */
export async function writeFlow(bundle: Bundle, yaml: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of ['flow.py', 'plan.json']) await writeFile(join(folder, name), bundle.files.get(name) ?? '');
  await writeFile(join(folder, bundle.plan.source.file), yaml);
}
