import type { Palette } from '../terminal/palette.ts';
import type { RunSummary } from './list.ts';
import type { TaskLogLine } from './logs.ts';
import type { RunState, RunStatus, StepStatus } from './status.ts';

const STATE_COLOUR = {
  running: 'cyan',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'yellow',
} as const satisfies Record<RunState, keyof Palette>;

/** A table of runs for people. */
export function renderRuns(runs: readonly RunSummary[], palette: Palette, nowMs: number): string {
  const rows = runs.map(({ flow, run, status, user, created }) => [
    `${flow}/${run}`,
    status,
    `${age(nowMs - created)} ago`,
    user,
  ]);
  return table([['RUN', 'STATUS', 'STARTED', 'USER'], ...rows], (cell, row, column) => {
    if (row === 0) return palette.bold(cell);
    return column === 1 ? palette[STATE_COLOUR[cell.trim() as RunState]](cell) : cell;
  });
}

/** A run and its steps for people. */
export function renderStatus(status: RunStatus, palette: Palette, nowMs: number): string {
  const { flow, run, steps, error, outputs } = status;
  const took = duration((status.ended ?? nowMs) - status.created);
  const state = palette[STATE_COLOUR[status.status]](status.status);
  const lines = [`${palette.bold(`${flow}/${run}`)} ${state} ${status.ended === undefined ? 'for' : 'in'} ${took}`];
  if (steps.length > 0) lines.push(table(steps.map((step) => stepRow(step, status.status))).replace(/^/gm, '  '));
  if (error !== undefined)
    lines.push(`${palette.red('error')}: ${error.step === undefined ? '' : `${error.step}: `}${error.message}`);
  for (const [name, value] of Object.entries(outputs ?? {}))
    lines.push(`${palette.bold(name)}: ${JSON.stringify(value)}`);
  return lines.join('\n');
}

function stepRow({ step, succeeded, failed, expected, started, ended }: StepStatus, run: RunState): string[] {
  const total = succeeded + failed;
  const mark = failed > 0 ? '✗' : total === expected || run === 'succeeded' ? '✓' : '…';
  const many = (expected ?? total) > 1;
  return [mark, step, many ? `${total}/${expected ?? '?'}` : '', duration(ended - started)];
}

/** One line of a task's log, after whose it is. */
export function renderLogLine({ step, task, stream, text }: TaskLogLine, palette: Palette): string {
  const prefix = palette.dim(`${step}/${task} |`);
  return `${prefix} ${stream === 'stderr' ? palette.yellow(text) : text}`;
}

/** Columns as wide as their widest cell. */
function table(rows: readonly string[][], paint = (cell: string, _row: number, _column: number) => cell): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row, r) =>
      row
        .map((cell, c) => paint(cell.padEnd(widths[c] ?? 0), r, c))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `0.4 s`, `12 s`, `3 min 4 s`, `2 h 5 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function age(milliseconds: number): string {
  const days = Math.floor(milliseconds / 86_400_000);
  return days > 1 ? `${days} days` : duration(milliseconds);
}
