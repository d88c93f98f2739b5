/**
 * The envelope: all that passes through the controller. The composition hands it to a step action and gets the next one
 * back. It stays under `ENVELOPE_MAX_BYTES` whatever the artifacts weigh; only the very first carries `params`.
 *
 * The runtime's half is `runtime/src/nuvopipe_runtime/envelope.py`.
 */
export interface Envelope {
  run: string;
  /** Block of the composition to enter; absent once the session is over, then `result` is there. */
  block?: string;
  step?: string;
  /** Item indices of the pools around the step, outermost first. */
  at?: number[];
  /** The last index of `at` is only a wish: an item must be claimed first. */
  claim?: true;
  /** Entered for a second time (a retry, a take-over, a resumed run): committed tasks are skipped. */
  again?: true;
  /** When the lease on the innermost claim runs out, epoch milliseconds. */
  lease?: number;
  /** Components this session has used, of the 50 that OpenWhisk allows it. */
  used?: number;
  /** The session a client waits for: it answers with the run's result. */
  home?: true;
  /** Milliseconds to pause (in the `wait` action, not in a step's container) before the block is entered. */
  wait?: number;
  /** This session watches over the run's claims instead of working; how often it has looked so far. */
  guard?: number;
  /** This session waits for the end of the run's time, beside one that awaits an action. */
  overdue?: true;
  /** The run is over, and the one that waits for it is still to be told. */
  wake?: true;
  /** Seconds after the run's start within which the home session answers with the result; absent: the runtime's default. */
  answerWithin?: number;
  /** When the home session answers at the latest, epoch milliseconds; absent: nobody waits. */
  answerBy?: number;
  /** The step action answered an error instead of an envelope: its text. */
  died?: string;
  /** The step's own action died twice: which of the plan's stand-ins is entered instead, from 1. */
  standIn?: number;
  /** The task before, as step and coordinate, where the plan alone does not tell. */
  from?: [step: string, ...at: number[]];
  /** Which attempt of the task, from 1; absent: the first, which is 0. */
  attempt?: number;
  /** When the first attempt of the task began, epoch milliseconds, where all of them have a time limit together. */
  since?: number;
  /** How often a flow's result has been looked for. */
  poll?: number;
  /** The run that this one resumes, and the step to do again from. */
  origin?: [run: string, from?: string];
  /** The run is to be cancelled. */
  cancel?: true;
  /** A look at a run whose lease has run out. */
  sweep?: true;
  /**
   * Lanes that a fork does not have yet: its opener, how many, when to look again, since when the last ones are being started,
   * and since when the lane works on its item, epoch milliseconds; and how many of these the item before took.
   */
  grow?: [opener: string, missing: number, notBefore: number, startingSince: number, itemSince: number, itemMs: number];
  /** Since when the session has waited for the platform to take another one, epoch milliseconds. */
  waits?: number;
  /** To the conductor: what the step's action is invoked with. */
  call?: Record<string, unknown>;
  /** From the conductor: what the action answered, or how it failed. */
  answer?: { result: unknown } | { error: unknown };
  /** What the client gave: only in the first envelope of a run. Of a flow with secret parameters, sealed and in base64. */
  params?: Record<string, unknown> | string;
  /** The session's answer. */
  result?: RunResult;
}

/** What `ow action invoke <flow> -r` answers. A failed run's answer has it under `error`, as OpenWhisk wants. */
export interface RunResult {
  run: string;
  status: 'succeeded' | 'failed' | 'running' | 'cancelled';
  outputs?: Record<string, unknown>;
  /** Numbers among the outputs that JSON has no word for, by JSON pointer: `NaN`, `Infinity`, `-Infinity`; null stands there. */
  exact?: Record<string, string>;
  error?: RunFailure;
  /** How the steps ended that follow a failure. */
  onFailure?: { status: 'succeeded' } | RunFailure;
  /** What else there is to say: that the run was skipped, or existed already. */
  note?: string;
}

export interface RunFailure {
  message: string;
  step?: string;
  /** Pathspec of the task: `Flow/run/step/task`. */
  task?: string;
  /** `run-exists`: the run was started before, with something else, and goes on as it was. */
  code?: string;
}
