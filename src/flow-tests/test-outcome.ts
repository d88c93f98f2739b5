/** How a case went, as `runtime/src/nuvopipe_testing/cases.py` tells it. */
export type CaseOutcome = FinishedRun | { problem: { step: string; message: string } } | { broken: string };

export interface FinishedRun {
  status: string;
  error?: { message: string; step?: string } | null;
  /** In the order in which they were made. */
  attempts: Attempt[];
  /** The artifacts that were asked for, of each task of a step in the order of their coordinates. */
  artifacts: Record<string, ReadTask[]>;
  /** The end of what the tasks wrote. */
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
  /** Why others cannot be read. */
  unreadable: Record<string, string>;
}
