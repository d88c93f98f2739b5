import { type Palette, paletteFor } from '../../base/terminal/palette.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import type { RunStatus, StepStatus } from '../../index.ts';
import { attemptsOf, countOf, duration, isReused, LOST, TAKEN_OVER, waitingText } from './run-views.ts';

/** Without a terminal, a step with many tasks gets at most this many lines: one per tenth. */
const COUNT_LINES_MAX = 10;

/** For a command whose answer goes to stdout. */
export function viewOnStderr(report: Progress): FollowView {
  return new FollowView(report, paletteFor(process.stderr), process.stderr.isTTY === true);
}

/** Shows a running run: a line for each completed or failed step, and counts in between. */
export class FollowView {
  readonly #report: Progress;
  readonly #palette: Palette;
  /** Whether progress is replaced in place. */
  readonly #live: boolean;
  readonly #told = new Set<string>();

  constructor(report: Progress, palette: Palette, live: boolean) {
    this.#report = report;
    this.#palette = palette;
    this.#live = live;
  }

  show(status: RunStatus): void {
    const counted = (step: StepStatus) => [step.step, countOf(step, status.status)].join(' ').trim();
    const { red, yellow, green } = this.#palette;
    for (const step of status.steps) {
      const { step: name, attempt, failed } = step;
      if (attempt) this.#once(`${name} ${attempt.number}`, `${yellow('↻')} ${name}, ${attemptsOf(step)}`);
      // This is the run's failure, which will be reported next.
      if (failed > 0 && status.status === 'running' && step.expected === 1) continue;
      if (failed > 0) {
        const line = `${status.error?.step === name ? red('✗') : yellow('!')} ${counted(step)}`;
        if (isDone(step, status)) this.#once(`${name} done`, line);
        else if (!this.#once(`${name} failed`, line)) this.#count(step, counted(step));
      } else if (isDone(step, status)) {
        const done = isReused(step)
          ? `= ${counted(step)}  ${TAKEN_OVER}`
          : `${green('✓')} ${counted(step)}  ${took(step)}`;
        this.#once(`${name} done`, done);
      } else this.#count(step, counted(step));
    }
    const { waiting } = status;
    if (waiting) this.#once(`waiting ${waiting.since}`, `  ${waitingText(waiting, Date.now())}`);
    if (status.isLost) this.#once(`stalled after ${status.steps.length} steps`, `  ${yellow(LOST)}`);
    const open = status.steps.filter((step) => !isDone(step, status));
    if (status.status === 'running')
      this.#report.progress(open.map((step) => `  ${counted(step)}`).join(', ') || '  …');
  }

  /** For steps with many tasks, if progress is not replaced in place. */
  #count({ step, succeeded, failed, expected }: StepStatus, counted: string): void {
    if (this.#live || expected === undefined) return;
    const part = Math.floor((COUNT_LINES_MAX * (succeeded + failed)) / expected);
    this.#once(`${step} ${part} of ${COUNT_LINES_MAX}`, `  ${counted}`);
  }

  /** @returns whether it was new */
  #once(key: string, line: string): boolean {
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    this.#report.line(line);
    return true;
  }
}

/** Unknown until the end for steps in a loop or after a decision. */
function isDone({ succeeded, failed, expected }: StepStatus, { status }: RunStatus): boolean {
  return status === 'succeeded' || (expected !== undefined && succeeded + failed >= expected);
}

/** A warm step takes some tens of milliseconds. */
function took({ started, ended }: StepStatus): string {
  const milliseconds = ended - started;
  return milliseconds < 1_000 ? `${Math.max(0, milliseconds)} ms` : duration(milliseconds);
}
