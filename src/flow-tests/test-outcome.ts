/** The outcome of a case, as reported by `runtime/src/nuvopipe_testing/cases.py`. */
export type CaseOutcome = FinishedRun | { problem: { step: string; message: string } } | { broken: string };

export interface FinishedRun {
  status: string;
  error?: { message: string; step?: string } | null;
  /** In execution order. */
  attempts: Attempt[];
  /** The requested artifacts of each task of a step, ordered by coordinate. */
  artifacts: Record<string, ReadTask[]>;
  /** The end of the tasks' output. */
  log: string;
  ms: number;
}

export interface Attempt {
  step: string;
  /** Coordinate of the task: indices of items, turns of loops. */
  at: number[];
  attempt: number;
  ok: boolean;
  error?: string | null;
  ms: number;
}

export interface ReadTask {
  at: number[];
  values: Record<string, unknown>;
  /** Why other artifacts cannot be read. */
  unreadable: Record<string, string>;
}
