/**
 * The envelope: everything that passes through the controller. The composition passes it to a step action and
 * receives the next one. It never exceeds `ENVELOPE_MAX_BYTES`, however large the artifacts are; only the first one
 * carries `params`.
 *
 * The runtime's counterpart is `runtime/src/nuvopipe_runtime/envelope.py`.
 */
export interface Envelope {
  run: string;
  /** Block of the composition to enter; absent when the session has ended and `result` is set. */
  block?: string;
  step?: string;
  /** Item indices of the pools around the step, outermost first. */
  at?: number[];
  /** The last index of `at` is a proposal: the item must be claimed first. */
  claim?: true;
  /** Re-entered, for example after a retry, a takeover or a resume: committed tasks are skipped. */
  again?: true;
  /** When the lease on the innermost claim expires, epoch milliseconds. */
  lease?: number;
  /** Components this session has used, of the 50 that OpenWhisk allows. */
  used?: number;
  /** The client's own session: it answers with the run's result. */
  home?: true;
  /** Milliseconds to pause before the block is entered, in the `wait` action instead of a step's container. */
  wait?: number;
  /** This session guards the claims of the run instead of working; the number of checks so far. */
  guard?: number;
  /** This session waits for the time limit of the run, beside a session that waits for an action. */
  overdue?: true;
  /** The run has ended, and the run waiting for it must still be notified. */
  wake?: true;
  /** Seconds after the run's start within which the client's session answers; absent: the runtime's default. */
  answerWithin?: number;
  /** Latest time at which the client's session answers, epoch milliseconds; absent: nobody waits. */
  answerBy?: number;
  /** The step action returned an error instead of an envelope: its text. */
  died?: string;
  /** The step's own action crashed twice: index of the plan's stand-in to enter instead, from 1. */
  standIn?: number;
  /** The preceding task, as step and coordinate, if the plan does not determine it. */
  from?: [step: string, ...at: number[]];
  /** Number of the attempt, from 1; absent: the first one, 0. */
  attempt?: number;
  /** Start of the first attempt, epoch milliseconds, if the attempts share a time limit. */
  since?: number;
  /** How often the result of a called flow has been checked. */
  poll?: number;
  /** The run that this one resumes, and the step to repeat from. */
  origin?: [run: string, from?: string];
  /** The run must be cancelled. */
  cancel?: true;
  /** A check of a run whose lease has expired. */
  sweep?: true;
  /**
   * Lanes that a fork still lacks: its opener, their number, when to check again, since when the last ones are being
   * started, since when this lane works on its item (epoch milliseconds), and how many lanes the previous item
   * started.
   */
  grow?: [opener: string, missing: number, notBefore: number, startingSince: number, itemSince: number, itemMs: number];
  /** Since when the session waits for OpenWhisk to accept another one, epoch milliseconds. */
  waits?: number;
  /** For the conductor: the arguments of the step's action. */
  call?: Record<string, unknown>;
  /** From the conductor: the action's answer or failure. */
  answer?: { result: unknown } | { error: unknown };
  /**
   * The client's parameters, only in the first envelope of a run. Encrypted and in base64 if the flow has secret
   * parameters.
   */
  params?: Record<string, unknown> | string;
  /** The session's answer. */
  result?: RunResult;
}

/** The answer to `ow action invoke <flow> -r`. For a failed run it is under `error`, as OpenWhisk requires. */
export interface RunResult {
  run: string;
  status: 'succeeded' | 'failed' | 'running' | 'cancelled';
  outputs?: Record<string, unknown>;
  /** Outputs that JSON cannot represent, by JSON pointer: `NaN`, `Infinity`, `-Infinity`; their value is null. */
  exact?: Record<string, string>;
  error?: RunFailure;
  /** How the `onFailure` steps ended. */
  onFailure?: { status: 'succeeded' } | RunFailure;
  /** A remark, for example that the run was skipped or already existed. */
  note?: string;
}

export interface RunFailure {
  message: string;
  step?: string;
  /** Pathspec of the task: `Flow/run/step/task`. */
  task?: string;
  /** `run-exists`: a run of this name was started before with other parameters and is not affected. */
  code?: string;
}
