import { compilerVersion, RUNTIME_DIR, readRuntime } from '../base/package-files.ts';
import type { Bundle } from '../contract/manifest.ts';
import type { Diagnostic } from '../language/diagnostics/diagnostic.ts';
import { FlowError } from '../language/diagnostics/diagnostic.ts';
import { startInspector } from '../language/python/inspector.ts';
import { type Checked, checkFile, type ValidateResult } from './check-file.ts';

export interface CompileOptions {
  /** Folder of the Python runtime (default: that of this package). */
  runtimeDir?: string;
  /** Command that starts the Python that inspects the flow's code without running it. */
  python?: string;
}

export interface CompileResult extends ValidateResult {
  /** Absent if a diagnostic is an error. */
  bundle?: Bundle;
}

/**
 * Reads a flow file and reports all problems.
 *
 * @throws UserError if the file does not exist
 */
export async function validateFlow(path: string, options: CompileOptions = {}): Promise<ValidateResult> {
  const { code: _code, parameterFiles: _files, ...result } = await check(path, options);
  return result;
}

/**
 * Compiles a flow file to a bundle in memory.
 *
 * @throws UserError if the file does not exist
 */
export async function compileFlow(path: string, options: CompileOptions = {}): Promise<CompileResult> {
  const { code, parameterFiles, ...result } = await check(path, options);
  const { flow, source, diagnostics } = result;
  if (!flow || hasErrors(diagnostics)) return result;
  // Validating a flow needs no composer.
  const { makeBundle } = await import('./make-bundle.ts');
  const [runtime, compiler] = await Promise.all([readRuntime(options.runtimeDir ?? RUNTIME_DIR), compilerVersion()]);
  return { ...result, bundle: makeBundle({ flow, source, code, parameterFiles, runtime, compiler }) };
}

/**
 * The result of a compilation.
 *
 * @throws FlowError if it found errors
 */
export function bundleOf({ bundle, source, diagnostics }: CompileResult): Bundle {
  if (!bundle) throw new FlowError(source, diagnostics);
  return bundle;
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}

async function check(path: string, { python }: CompileOptions): Promise<Checked> {
  const inspector = startInspector(python);
  try {
    return await checkFile(path, inspector);
  } finally {
    inspector.close();
  }
}
