import type { Palette } from '../../base/terminal/palette.ts';
import { renderDiagnostic } from '../../language/diagnostics/render-diagnostic.ts';
import { diffLines } from '../diff.ts';
import type { Mismatch } from '../judge.ts';
import type { CaseResult } from '../run-tests.ts';
import { hasPassed, type Reporter } from './reporter.ts';

const INDENT = '      ';

/** Maximum number of log lines shown for a failed case: the last ones explain why. */
const LOG_LINES_MAX = 12;

/** Text for people: each case with a mark, and below failed ones what was expected and what happened. */
export function specReporter(palette: Palette): Reporter {
  let file = '';
  return {
    result(result) {
      const { name } = result.tests.source;
      const head = name === file ? [] : [...(file === '' ? [] : ['']), palette.bold(name)];
      file = name;
      const mark = hasPassed(result) ? palette.green('✓') : palette.red('✗');
      const took = palette.dim(`(${Math.round(result.ms)} ms)`);
      return [...head, `  ${mark} ${result.case.name.value} ${took}`, ...failure(result, palette)].join('\n');
    },
    end(results, ms) {
      const failed = results.filter((result) => !hasPassed(result)).length;
      const counts = [
        palette.green(`${results.length - failed} passed`),
        ...(failed === 0 ? [] : [palette.red(`${failed} failed`)]),
      ];
      return `\n${counts.join(', ')} ${palette.dim(`(${(ms / 1000).toFixed(1)} s)`)}`;
    },
  };
}

function failure(result: CaseResult, palette: Palette): string[] {
  if (hasPassed(result)) return [];
  const shown = result.mismatches.flatMap((mismatch) => ['', ...tell(mismatch, result, palette)]);
  const log = printable(result.log).trimEnd().split('\n').filter(Boolean).slice(-LOG_LINES_MAX);
  const wrote = log.length === 0 ? [] : ['', 'last output of its steps:', ...log.map((line) => `  ${line}`)];
  return [...shown, ...wrote.map((line) => palette.dim(line)), ''].map((line) => (line === '' ? '' : INDENT + line));
}

/** Output of steps must not control the terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are the ones
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

function tell({ message, span, expected, actual }: Mismatch, { tests }: CaseResult, palette: Palette): string[] {
  const { source } = tests;
  const range = source.range(span[0], span[1]);
  const diagnostic = { code: 'failed', severity: 'error' as const, message, file: source.name, range };
  const place = renderDiagnostic(diagnostic, source, palette).split('\n');
  if (expected === undefined || actual === undefined) return place;
  const paint = { '-': palette.green, '+': palette.red, ' ': (text: string) => text };
  const diff = diffLines(expected, actual).map(({ kind, text }) => paint[kind](`${kind} ${printable(text)}`));
  return [...place, `  ${palette.green('- expected')}  ${palette.red('+ actual')}`, ...diff.map((line) => `  ${line}`)];
}
