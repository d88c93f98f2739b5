import type { Flow } from '../model/flow.ts';
import type { SourceFile } from '../syntax/source-file.ts';
import { paletteFor } from '../terminal/palette.ts';

/**
 * The flow in a file; warnings go to stderr.
 *
 * @throws UserError, among them FlowError with all that is wrong in the file.
 */
export async function flowFrom(path: string): Promise<{ flow: Flow; source: SourceFile }> {
  const [{ hasErrors, validateFlow }, { FlowError }, { renderDiagnostics }] = await Promise.all([
    import('../compile/index.ts'),
    import('../syntax/diagnostic.ts'),
    import('../syntax/render.ts'),
  ]);
  const { flow, source, diagnostics } = await validateFlow(path);
  if (!flow || hasErrors(diagnostics)) throw new FlowError(source, diagnostics);
  if (diagnostics.length > 0) {
    process.stderr.write(`${renderDiagnostics(diagnostics, source, paletteFor(process.stderr))}\n`);
  }
  return { flow, source };
}
