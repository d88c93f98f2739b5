import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeBundleFolder } from '../../src/compiler/bundle-folder.ts';
import type { CompileResult } from '../../src/compiler/compile-flow.ts';
import { bundleOf, compileFlow } from '../../src/compiler/compile-flow.ts';
import type { Bundle } from '../../src/contract/manifest.ts';

const STUB = join(import.meta.dirname, '../fixtures/metaflow-stub');

/** A runtime small enough to look at. */
const RUNTIME = {
  'runtime/actions/step.py': 'def main(args):\n    return args\n',
  'runtime/src/metaflow_extensions/nuvopipe/plugins/mfextinit_nuvopipe.py': '',
  'runtime/src/nuvopipe_runtime/__init__.py': '',
  'runtime/src/nuvopipe_runtime/protocol/session.py': '# a module\n',
  'runtime/tests/test_session.py': '# not for users\n',
  'runtime/src/nuvopipe_runtime/__pycache__/session.cpython-311.pyc': 'x',
};

/** A folder with a flow file and what lies beside it, to compile in. */
export class Workshop {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async open(): Promise<Workshop> {
    const workshop = new Workshop(await mkdtemp(join(tmpdir(), 'nuvopipe-compile-')));
    await workshop.write(RUNTIME);
    return workshop;
  }

  async write(files: Record<string, string | Uint8Array>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.dir, path)), { recursive: true });
      await writeFile(join(this.dir, path), content);
    }
  }

  async remove(path: string): Promise<void> {
    await rm(this.path(path));
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }

  async compile(flow: string, options: { python?: string } = {}): Promise<CompileResult> {
    await this.write({ 'flow.yaml': flow });
    return compileFlow(this.path('flow.yaml'), { runtimeDir: this.path('runtime'), ...options });
  }

  async bundle(flow: string): Promise<Bundle> {
    return bundleOf(await this.compile(flow));
  }

  /** Runs a compiled flow with a stand-in for Metaflow; its artifacts after the last step, or the last line of its traceback. */
  async run(flow: string, code: Record<string, string> = {}): Promise<Record<string, unknown> | string> {
    await this.write(code);
    const dir = this.path('out');
    await writeBundleFolder(await this.bundle(flow), dir);
    const { status, stdout, stderr } = spawnSync('python3', ['-B', join(dir, 'flow.py')], {
      env: { PYTHONPATH: `${STUB}:${this.dir}`, PYTHONIOENCODING: 'utf-8' },
      encoding: 'utf8',
    });
    return status === 0 ? JSON.parse(stdout) : (stderr.trim().split('\n').at(-1) as string);
  }

  async close(): Promise<void> {
    await rm(this.dir, { recursive: true });
  }
}

export function fileText(bundle: Bundle, path: string): string {
  return Buffer.from(bundle.files.get(path) as Uint8Array).toString('utf8');
}

/** A flow of so many steps, one after another. */
export function linearFlow(steps: number, name = 'LinearFlow'): string {
  const body = Array.from({ length: steps }, (_, index) => `  - step: s${index}\n    run: self.x = ${index}\n`);
  return `flow: ${name}\nsteps:\n${body.join('')}`;
}
