import stringWidth from 'fast-string-width';
import type { Palette } from '../../base/terminal/palette.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { SourceFile } from './source-file.ts';

/** Maximum number of columns shown of a source line; for longer lines, a window around the caret. */
const LINE_WINDOW_COLUMNS = 120;

/** Maximum number of characters shown of a message or hint. */
const SENTENCE_MAX_LENGTH = 1_000;

/**
 * Renders diagnostics for people, each as
 *
 * ```
 * flow.yaml:4:5: error[unknown-key]: a step has no key "rum"
 *   4 |     rum: self.x = 1
 *     |     ^^^
 *   hint: did you mean "run"?
 * ```
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], source: SourceFile, palette: Palette): string {
  return [...diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, source, palette)), summary(diagnostics)].join(
    '\n\n',
  );
}

/** Renders one diagnostic, without the summary. */
export function renderDiagnostic(diagnostic: Diagnostic, source: SourceFile, palette: Palette): string {
  const { start, end } = diagnostic.range;
  const paint = diagnostic.severity === 'error' ? palette.red : palette.yellow;
  const place = `${diagnostic.file}:${start.line}:${start.column}`;
  const lines = [
    `${place}: ${paint(palette.bold(`${diagnostic.severity}[${diagnostic.code}]`))}${palette.bold(`: ${sentence(diagnostic.message)}`)}`,
  ];
  const text = source.line(start.line);
  if (text.trim() !== '') {
    const from = start.column > LINE_WINDOW_COLUMNS - 20 ? start.column - 40 : 0;
    const shown = visible(text.slice(from, from + LINE_WINDOW_COLUMNS));
    const before = start.column - 1 - from;
    const last = end.line === start.line ? end.column - 1 : text.trimEnd().length;
    const carets = Math.max(1, Math.min(last - from, shown.length) - before);
    const gutter = String(start.line);
    const pad = ' '.repeat(stringWidth(shown.slice(0, before)));
    const caret = '^'.repeat(Math.max(1, stringWidth(shown.slice(before, before + carets))));
    lines.push(`  ${palette.dim(`${gutter} |`)} ${shown}`);
    lines.push(`  ${palette.dim(`${' '.repeat(gutter.length)} |`)} ${pad}${paint(caret)}`);
  }
  if (diagnostic.hint !== undefined) lines.push(`  ${palette.cyan('hint')}: ${sentence(diagnostic.hint)}`);
  return lines.join('\n');
}

function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters of a file must not reach the terminal, nor those that turn its text around
  return text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** A message can quote the file. */
function sentence(text: string): string {
  return visible(text.length > SENTENCE_MAX_LENGTH ? `${text.slice(0, SENTENCE_MAX_LENGTH)}…` : text);
}

function summary(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const parts = [];
  if (errors > 0) parts.push(errors === 1 ? '1 error' : `${errors} errors`);
  if (warnings > 0) parts.push(warnings === 1 ? '1 warning' : `${warnings} warnings`);
  return parts.length === 0 ? 'no problems' : parts.join(', ');
}
