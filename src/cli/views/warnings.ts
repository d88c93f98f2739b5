import { showsColor } from '../../base/terminal/palette.ts';
import { type CheckedFile, formatDiagnostics } from '../../index.ts';

/** Shows on stderr the warnings about a flow file that is valid. */
export function showWarnings(checked: CheckedFile): void {
  if (checked.diagnostics.length === 0) return;
  process.stderr.write(`${formatDiagnostics(checked, { color: showsColor(process.stderr) })}\n`);
}
