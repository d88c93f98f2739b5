import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../language/diagnostics/diagnostic.ts';
import { Diagnostics } from '../language/diagnostics/report.ts';
import type { SourceFile } from '../language/diagnostics/source-file.ts';
import type { Flow } from '../language/model/flow.ts';
import type { Inspector } from '../language/python/inspector.ts';
import { checkFlow } from '../language/rules/check-flow.ts';
import { readFlow } from '../language/syntax/read-flow.ts';
import { readSource } from '../language/syntax/read-source.ts';
import { readCode } from './code-files.ts';
import { readParameterFiles } from './parameter-files.ts';

export interface ValidateResult {
  source: SourceFile;
  /** Sorted by position in the file. */
  diagnostics: Diagnostic[];
  /** As far as it could be read; valid if no diagnostic is an error. */
  flow?: Flow;
}

export interface Checked extends ValidateResult {
  /** The files named under `code`: path relative to the flow's folder, with `/` → content. */
  code: Map<string, Uint8Array>;
  /** The files used as defaults of parameters, in the same form. */
  parameterFiles: Map<string, Uint8Array>;
}

/**
 * Reads a flow file and its code, and runs all checks.
 *
 * @throws UserError if the file does not exist
 */
export async function checkFile(path: string, inspector: Inspector): Promise<Checked> {
  const { source, diagnostics } = await readSource(path);
  const report = new Diagnostics(source, diagnostics);
  const nothing = { code: new Map(), parameterFiles: new Map() };
  if (report.hasErrors) return { source, diagnostics: report.diagnostics, ...nothing };
  const flow = readFlow(report);
  if (!flow) return { source, diagnostics: report.diagnostics, ...nothing };
  const folder = dirname(resolve(path));
  const code = await readCode(flow.code, folder, report);
  const parameterFiles = await readParameterFiles(flow.parameters, folder, report);
  await checkFlow({ flow, report, code, inspector });
  return { source, diagnostics: report.diagnostics, flow, code, parameterFiles };
}
