import { named } from '../../base/counts.ts';
import { toJson } from '../../base/json.ts';
import { harmless, harmlessText } from '../../base/terminal/harmless.ts';
import { type Palette, plainPalette } from '../../base/terminal/palette.ts';
import type {
  RunFailure,
  RunState,
  RunStatus,
  RunSummary,
  StepStatus,
  TaskLogLine,
  WaitingRecord,
} from '../../index.ts';

const STATE_COLOUR = {
  running: 'cyan',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'yellow',
} as const satisfies Record<RunState, keyof Palette>;

/** Renders a table of runs. */
export function renderRuns(runs: readonly RunSummary[], palette: Palette, nowMs: number): string {
  const rows = runs.map(({ flow, run, status, isLost, user, created }) => [
    `${flow}/${run}`,
    status,
    `${age(nowMs - created)} ago`,
    user,
    ...(isLost ? [LOST] : []),
  ]);
  return table([['RUN', 'STATUS', 'STARTED', 'USER'], ...rows], (cell, row, column) => {
    if (row === 0) return palette.bold(cell);
    return column === 1 ? palette[STATE_COLOUR[cell.trim() as RunState]](cell) : cell;
  });
}

/** Renders a run and its steps. */
export function renderStatus(status: RunStatus, palette: Palette, nowMs: number): string {
  const { flow, run, origin, waiting, steps, notRun = [], error, onFailure, note, outputs, exact } = status;
  const took = duration((status.ended ?? nowMs) - status.created);
  const state = palette[STATE_COLOUR[status.status]](status.status);
  const lines = [`${palette.bold(`${flow}/${run}`)} ${state} ${status.ended === undefined ? 'for' : 'in'} ${took}`];
  if (origin !== undefined) {
    lines.push(`  resumed from ${flow}/${origin.run}${origin.from === undefined ? '' : `, again from ${origin.from}`}`);
  }
  const rows = [...steps.map((step) => stepRow(step, status)), ...notRun.map((step) => ['–', step, 'not run'])];
  if (rows.length > 0) lines.push(table(rows).replace(/^/gm, '  '));
  if (waiting !== undefined) lines.push(`  ${palette.yellow(waitingText(waiting, nowMs))}`);
  if (status.isPlanMissing) lines.push(`  ${palette.dim(PLAN_MISSING)}`);
  if (status.isLost) lines.push(`  ${palette.yellow(LOST)}`);
  if (error !== undefined) lines.push(failureLine('error', error, palette));
  if (onFailure !== undefined && 'message' in onFailure) lines.push(failureLine('onFailure', onFailure, palette));
  if (note !== undefined) lines.push(`  ${harmlessText(note)}`);
  for (const [name, value] of Object.entries(outputs ?? {}))
    lines.push(`${palette.bold(name)}: ${toJson(value)}${exactTexts(name, exact)}`);
  return lines.join('\n');
}

/** ` (NaN)`: which numbers the nulls of an output stand for. */
export function exactTexts(output: string, exact: Record<string, string> = {}): string {
  const pointer = `/${output}`;
  const found = Object.entries(exact).filter(([place]) => place === pointer || place.startsWith(`${pointer}/`));
  const texts = found.map(([place, text]) => (place === pointer ? text : `${place.slice(pointer.length)} is ${text}`));
  return texts.length === 0 ? '' : ` (${named(texts)})`;
}

/** Shown for a run that an older nuvopipe started, or whose plan was deleted. */
export const PLAN_MISSING =
  'its plan is not in the datastore: steps that did not run, and how many tasks there will be, are unknown';

/** The lease might have expired because of a wrong clock. */
export const LOST = 'stalled? restart it with: nuvopipe sweep';

/** `waiting: too many requests (429) for 12 s` */
export function waitingText({ since, reason }: WaitingRecord, nowMs: number): string {
  return `waiting: ${reason} for ${duration(nowMs - since)}`;
}

function failureLine(title: string, { step, message }: RunFailure, palette: Palette): string {
  return `${palette.red(title)}: ${step === undefined ? '' : `${step}: `}${harmlessText(message)}`;
}

function stepRow(step: StepStatus, { status, error }: RunStatus): string[] {
  const { succeeded, failed, expected, attempt, started, ended } = step;
  const isDone = expected === undefined ? status !== 'running' : succeeded + failed >= expected;
  // Items can fail without failing the run.
  const failure = error?.step === step.step ? '✗' : '!';
  const done = isReused(step) ? '=' : '✓';
  const mark = failed > 0 ? failure : isDone && attempt === undefined ? done : '…';
  const took = isReused(step) ? TAKEN_OVER : duration(ended - started);
  const reused = step.reused === undefined || isReused(step) ? '' : `${step.reused} ${TAKEN_OVER}`;
  const more = [attemptsOf(step), reused].filter((text) => text !== '').join(', ');
  return [mark, step.step, countOf(step, status), took, more];
}

/** For tasks that were not executed. */
export const TAKEN_OVER = 'reused';

/** No task of it was executed. */
export function isReused({ succeeded, failed, reused = 0 }: StepStatus): boolean {
  return reused > 0 && reused >= succeeded + failed;
}

/** `5/9` items, `12 turns`, `5` if the total is unknown; empty for a step with one task. */
export function countOf({ succeeded, failed, expected, inLoop }: StepStatus, run: RunState): string {
  const total = succeeded + failed;
  const failures = failed > 0 && (expected ?? total) > 1 ? `, ${failed} failed` : '';
  if (inLoop) return `${total} ${total === 1 ? 'turn' : 'turns'}${failures}`;
  if (expected !== undefined) return expected > 1 ? `${total}/${expected}${failures}` : '';
  return `${total}${run === 'running' ? '/?' : ''}${failures}`;
}

/** `attempt 2 of 4`, `3 attempts repeated` */
export function attemptsOf({ repeated = 0, attempt }: StepStatus): string {
  const number = attempt && `attempt ${attempt.number}${attempt.of === undefined ? '' : ` of ${attempt.of}`}`;
  const all = repeated === 1 ? '1 attempt repeated' : `${repeated} attempts repeated`;
  return number ?? (repeated === 0 ? '' : all);
}

/** One line of a log, prefixed with its task and, after the first, its attempt. `raw`: keeps control characters. */
export function renderLogLine(line: TaskLogLine, palette: Palette, raw = false): string {
  const { step, task, attempt, isLost, stream } = line;
  const facts = [...(attempt === 0 ? [] : [`attempt ${attempt + 1}`]), ...(isLost ? ['lost'] : [])];
  const prefix = palette.dim(`${step}/${task}${facts.length === 0 ? '' : ` (${facts.join(', ')})`} |`);
  if (raw) return `${prefix} ${line.text}`;
  const text = harmless(line.text, palette !== plainPalette);
  return `${prefix} ${stream === 'stderr' ? palette.yellow(text) : text}`;
}

/** Aligns columns to their widest cell. */
function table(rows: readonly string[][], paint = (cell: string, _row: number, _column: number) => cell): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = Array.from({ length: columns }, (_, column) => widthOf(column));
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

export function age(milliseconds: number): string {
  const days = Math.floor(milliseconds / 86_400_000);
  return days > 1 ? `${days} days` : duration(milliseconds);
}
