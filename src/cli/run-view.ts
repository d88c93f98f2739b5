import { duration } from '../runs/render.ts';
import type { RunStatus, StepStatus } from '../runs/status.ts';
import type { Palette } from '../terminal/palette.ts';
import type { Report } from '../terminal/report.ts';

/** Without a terminal a step of many tasks gets so many lines at most: one a tenth. */
const COUNT_LINES_MAX = 10;

/** Shows a run while it goes on: a line for each step that is done or has failed, and the counts of those between. */
export class RunView {
  readonly #report: Report;
  readonly #palette: Palette;
  /** Whether the report shows what is going on this moment. */
  readonly #live: boolean;
  readonly #told = new Set<string>();

  constructor(report: Report, palette: Palette, live: boolean) {
    this.#report = report;
    this.#palette = palette;
    this.#live = live;
  }

  show(status: RunStatus): void {
    for (const step of status.steps) {
      if (step.failed > 0) this.#once(`${step.step} failed`, `${this.#palette.red('✗')} ${counted(step)}`);
      else if (isDone(step))
        this.#once(`${step.step} done`, `${this.#palette.green('✓')} ${counted(step)}  ${took(step)}`);
      else if (!this.#live && step.expected !== undefined) this.#countLine(step, step.expected);
    }
    const open = status.steps.filter((step) => !isDone(step) && step.failed === 0);
    if (status.status === 'running')
      this.#report.progress(open.map((step) => `  ${counted(step)}`).join(', ') || '  …');
  }

  #countLine(step: StepStatus, expected: number): void {
    const part = Math.floor((COUNT_LINES_MAX * step.succeeded) / expected);
    this.#once(`${step.step} ${part}`, `  ${counted(step)}`);
  }

  #once(key: string, line: string): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#report.line(line);
  }
}

function isDone({ succeeded, expected }: StepStatus): boolean {
  return expected !== undefined && succeeded >= expected;
}

/** `shout`, or `shout 5/9` for a step of several tasks; `5` where it is not known of how many. */
function counted({ step, succeeded, failed, expected }: StepStatus): string {
  if (expected === 1) return step;
  const total = expected === undefined ? '' : `/${expected}`;
  return `${step} ${succeeded}${total}${failed > 0 ? `, ${failed} failed` : ''}`;
}

/** A warm step takes some tens of milliseconds. */
function took({ started, ended }: StepStatus): string {
  const milliseconds = ended - started;
  return milliseconds < 1_000 ? `${Math.max(0, milliseconds)} ms` : duration(milliseconds);
}
