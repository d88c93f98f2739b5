import type { Bundle } from '../contract/manifest.ts';
import type { Diagnostic } from '../language/diagnostics/diagnostic.ts';
import { FlowError } from '../language/diagnostics/diagnostic.ts';
import { startInspector } from '../language/python/inspector.ts';
import type { Checked, ReadFlow, ValidateResult } from './check-file.ts';

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
  let early: Bundle | undefined;
  const maker = loadMaker(options);
  const { code, parameterFiles, ...result } = await check(path, options, maker, (made) => {
    early = made;
  });
  if (!result.flow || hasErrors(result.diagnostics)) return result;
  const { flow, source } = result;
  const bundle = early ?? (await maker)({ flow, source, code, parameterFiles });
  return { ...result, bundle };
}

type Maker = (read: ReadFlow) => Bundle;

async function loadMaker({ runtimeDir }: CompileOptions): Promise<Maker> {
  const { compilerVersion, readRuntime, RUNTIME_DIR } = await import('../base/package-files.ts');
  const [{ makeBundle }, runtime, compiler] = await Promise.all([
    import('./make-bundle.ts'),
    readRuntime(runtimeDir ?? RUNTIME_DIR),
    compilerVersion(),
  ]);
  return (read) => makeBundle({ ...read, runtime, compiler });
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

/**
 * @param take receives what `maker` produces while Python inspects the flow; it might be undefined for invalid flows
 */
async function check(
  path: string,
  { python }: CompileOptions,
  maker?: Promise<Maker>,
  take?: (bundle: Bundle) => void,
): Promise<Checked> {
  const inspector = startInspector(python);
  try {
    // Loads the modules that read and check a flow while Python starts.
    const { checkFile } = await import('./check-file.ts');
    const make = await maker;
    return await checkFile(path, inspector, make && ((read) => makeEarly(make, read, take)));
  } finally {
    inspector.close();
  }
}

function makeEarly(make: Maker, read: ReadFlow, take?: (bundle: Bundle) => void): void {
  try {
    take?.(make(read));
  } catch {
    // Either the checks report the cause, or the bundle is made again after them.
  }
}
