/** Faults for tests. All of them happen on real clusters, and a flow must survive each. */

export interface ActivationInfo {
  /** Path of the action: `guest/flow`. */
  readonly action: string;
  readonly activationId: string;
  /** The session or sequence that caused it; undefined at the top. */
  readonly cause: string | undefined;
  /** Number of container activations since the server started, from 1. */
  readonly ordinal: number;
}

export interface SessionInfo {
  readonly action: string;
  readonly activationId: string;
  /** Components that the session and its callers have invoked so far. */
  readonly components: number;
}

/** OpenWhisk's message for a container that cannot start: see `messages.ts`. */
export type StartFault = { readonly start: string };

export type ActivationFault =
  | StartFault
  /**
   * The container dies: before the action receives its arguments, some time afterwards, or before its answer is read.
   */
  | { readonly kill: 'before' | 'after' }
  | { readonly kill: 'during'; readonly afterMs: number }
  /** The action ends normally, but its caller never receives the result (a lost active ack). */
  | { readonly drop: 'result' };

export interface Faults {
  /** Called before each activation. */
  activation?(info: ActivationInfo): ActivationFault | undefined;
  /**
   * Called before each call of a conductor; true: the controller forgets the session, as after a restart, and leaves
   * no record.
   */
  dropSession?(info: SessionInfo): boolean;
  /** Called for each REST invocation or fire with its path (`guest/flow`); a returned status rejects it. */
  refuse?(path: string): 429 | 503 | undefined;
}
