import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { INSPECTOR_DIR } from '../../src/base/package-files.ts';
import { checkFile } from '../../src/compiler/check-file.ts';
import type { CompileResult } from '../../src/compiler/compile-flow.ts';
import { hasErrors } from '../../src/compiler/compile-flow.ts';
import { makeBundle } from '../../src/compiler/make-bundle.ts';
import type { Inspector } from '../../src/language/python/inspector.ts';

/** Compiles many files: one Python looks at the code of all of them, and bundles have no runtime in them. */
export class Compiler {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(python = 'python3') {
    const script = join(import.meta.dirname, 'inspect_many.py');
    this.#child = spawn(python, ['-I', '-S', '-W', 'ignore', script, INSPECTOR_DIR], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#answers = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  async compile(file: string): Promise<CompileResult> {
    const inspector: Inspector = {
      python: 'python3',
      inspect: async (request) => {
        this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
        const { value } = await this.#answers.next();
        return JSON.parse(value) ?? undefined;
      },
      close() {},
    };
    const { code, parameterFiles, ...result } = await checkFile(file, inspector);
    const { flow, source, diagnostics } = result;
    if (!flow || hasErrors(diagnostics)) return result;
    return { ...result, bundle: makeBundle({ flow, source, code, parameterFiles, runtime: new Map(), compiler: '0' }) };
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, 'close');
  }
}
