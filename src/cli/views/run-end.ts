import { harmlessText } from '../../base/terminal/harmless.ts';
import type { Palette } from '../../base/terminal/palette.ts';
import type { RunFailure, RunKey, RunState } from '../../index.ts';

/** Renders how a run ended and what to do about it. */
export function runEnd(
  { flow, run }: RunKey,
  { status, error }: { status: RunState; error?: RunFailure },
  hints: readonly string[],
  { red, green, cyan, bold }: Palette,
): string {
  const name = `${flow}/${run}`;
  if (status === 'succeeded') return `${green('✓')} ${name} succeeded`;
  const where = error?.step === undefined ? '' : ` in step ${error.step}`;
  const what = status === 'cancelled' ? 'was cancelled' : `${status}${where}`;
  const why = error === undefined || status === 'cancelled' ? [] : [`  ${harmlessText(error.message)}`];
  return [
    `${red(bold(`error[run-${status}]`))}${bold(`: ${name} ${what}`)}`,
    ...why,
    ...hints.map((hint) => `  ${cyan('hint')}: ${hint}`),
  ].join('\n');
}
