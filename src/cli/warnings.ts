import { paletteFor } from '../base/terminal/palette.ts';
import type { Diagnostic } from '../language/diagnostics/diagnostic.ts';
import type { SourceFile } from '../language/diagnostics/source-file.ts';

/** Prints the warnings about a flow file to stderr. */
export async function showWarnings(source: SourceFile, warnings: readonly Diagnostic[]): Promise<void> {
  if (warnings.length === 0) return;
  const { renderDiagnostics } = await import('../language/diagnostics/render-diagnostic.ts');
  process.stderr.write(`${renderDiagnostics(warnings, source, paletteFor(process.stderr))}\n`);
}
