import type { Diagnostic } from '../syntax/diagnostic.ts';
import type { SourceFile } from '../syntax/source-file.ts';
import { paletteFor } from '../terminal/palette.ts';

/** Shows on stderr what a flow file that is good enough to go on with still has wrong with it. */
export async function showWarnings(source: SourceFile, warnings: readonly Diagnostic[]): Promise<void> {
  if (warnings.length === 0) return;
  const { renderDiagnostics } = await import('../syntax/render.ts');
  process.stderr.write(`${renderDiagnostics(warnings, source, paletteFor(process.stderr))}\n`);
}
