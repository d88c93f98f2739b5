import { dirname, resolve } from 'node:path';
import { checkFlow } from '../check/index.ts';
import type { Inspector } from '../check/inspector.ts';
import { readFlow } from '../syntax/index.ts';
import { readSource } from '../syntax/read.ts';
import { Report } from '../syntax/report.ts';
import { readCode } from './code-files.ts';
import type { ValidateResult } from './index.ts';

export interface Checked extends ValidateResult {
  /** The files named under `code`: path relative to the flow's folder, with `/` → content. */
  code: Map<string, Uint8Array>;
}

/**
 * Reads a flow file and the code that it names, and runs all checks on them.
 *
 * @throws UserError where there is no such file
 */
export async function checkFile(path: string, inspector: Inspector): Promise<Checked> {
  const { source, diagnostics } = await readSource(path);
  const report = new Report(source, diagnostics);
  if (report.hasErrors) return { source, diagnostics: report.diagnostics, code: new Map() };
  const flow = readFlow(report);
  if (!flow) return { source, diagnostics: report.diagnostics, code: new Map() };
  const code = await readCode(flow.code, dirname(resolve(path)), report);
  await checkFlow({ flow, report, code, inspector });
  return { source, diagnostics: report.diagnostics, flow, code };
}
