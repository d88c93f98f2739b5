import { dirname, resolve } from 'node:path';
import { checkFlow } from '../check/index.ts';
import type { Flow } from '../model/flow.ts';
import type { Bundle } from '../model/manifest.ts';
import type { Diagnostic } from '../syntax/diagnostic.ts';
import { FlowError } from '../syntax/diagnostic.ts';
import { readFlow } from '../syntax/index.ts';
import { readSource } from '../syntax/read.ts';
import { Report } from '../syntax/report.ts';
import type { SourceFile } from '../syntax/source-file.ts';
import { readCode } from './code-files.ts';

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

interface Checked extends ValidateResult {
  code: Map<string, Uint8Array>;
}

/**
 * Reads a flow file and says all that is wrong with it.
 *
 * @throws UserError where there is no such file
 */
export async function validateFlow(path: string, options: CompileOptions = {}): Promise<ValidateResult> {
  const { code: _, ...result } = await check(path, options);
  return result;
}

/**
 * Compiles a flow file to a bundle in memory.
 *
 * @throws UserError where there is no such file
 */
export async function compileFlow(path: string, options: CompileOptions = {}): Promise<CompileResult> {
  const { code, ...result } = await check(path, options);
  if (!result.flow || hasErrors(result.diagnostics)) return result;
  const { makeBundle } = await import('./bundle.ts');
  const { compilerVersion, readRuntime, RUNTIME_DIR } = await import('../package-files.ts');
  const [runtime, compiler] = await Promise.all([readRuntime(options.runtimeDir ?? RUNTIME_DIR), compilerVersion()]);
  const bundle = makeBundle({ flow: result.flow, source: result.source, code, runtime, compiler });
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

async function check(path: string, { python = 'python3' }: CompileOptions): Promise<Checked> {
  const { source, diagnostics } = await readSource(path);
  const report = new Report(source, diagnostics);
  if (report.hasErrors) return { source, diagnostics: report.diagnostics, code: new Map() };
  const flow = readFlow(report);
  if (!flow) return { source, diagnostics: report.diagnostics, code: new Map() };
  const code = await readCode(flow.code, dirname(resolve(path)), report);
  await checkFlow({ flow, report, code, python });
  return { source, diagnostics: report.diagnostics, flow, code };
}
