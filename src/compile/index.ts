import { startInspector } from '../check/inspector.ts';
import type { Flow } from '../model/flow.ts';
import type { Bundle } from '../model/manifest.ts';
import type { Diagnostic } from '../syntax/diagnostic.ts';
import { FlowError } from '../syntax/diagnostic.ts';
import type { SourceFile } from '../syntax/source-file.ts';
import type { Checked } from './check-file.ts';

export interface CompileOptions {
  /** Folder of the Python runtime; by default that of this package. */
  runtimeDir?: string;
  /** Command that starts Python, which looks at the Python in the flow; nothing of it is run. */
  python?: string;
}

export interface ValidateResult {
  source: SourceFile;
  /** In the order of the file. */
  diagnostics: Diagnostic[];
  /** As far as it could be read; sound if no diagnostic is an error. */
  flow?: Flow;
}

export interface CompileResult extends ValidateResult {
  /** Absent where a diagnostic is an error. */
  bundle?: Bundle;
}

/**
 * Reads a flow file and says all that is wrong with it.
 *
 * @throws UserError where there is no such file
 */
export async function validateFlow(path: string, options: CompileOptions = {}): Promise<ValidateResult> {
  const { code: _code, parameterFiles: _files, ...result } = await check(path, options);
  return result;
}

/**
 * Compiles a flow file to a bundle in memory.
 *
 * @throws UserError where there is no such file
 */
export async function compileFlow(path: string, options: CompileOptions = {}): Promise<CompileResult> {
  const { code, parameterFiles, ...result } = await check(path, options);
  if (!result.flow || hasErrors(result.diagnostics)) return result;
  const { makeBundle } = await import('./bundle.ts');
  const { compilerVersion, readRuntime, RUNTIME_DIR } = await import('../package-files.ts');
  const [runtime, compiler] = await Promise.all([readRuntime(options.runtimeDir ?? RUNTIME_DIR), compilerVersion()]);
  const { flow, source } = result;
  const bundle = makeBundle({ flow, source, code, parameterFiles, runtime, compiler });
  return { ...result, bundle };
}

/**
 * What a compilation made.
 *
 * @throws FlowError where it found errors
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
    // While Python starts, what reads and checks a flow is loaded.
    const { checkFile } = await import('./check-file.ts');
    return await checkFile(path, inspector);
  } finally {
    inspector.close();
  }
}
