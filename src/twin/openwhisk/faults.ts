/** Failures a test can ask for. All of them happen to real clusters; a flow has to survive each. */

export interface ActivationInfo {
  /** Path of the action: `guest/flow`. */
  readonly action: string;
  readonly activationId: string;
  /** The session or sequence that caused it, undefined at the top. */
  readonly cause: string | undefined;
  /** Counts the activations of actions in containers since the server started, from 1. */
  readonly ordinal: number;
}

export interface SessionInfo {
  readonly action: string;
  readonly activationId: string;
  /** Components the session and its caller have invoked so far. */
  readonly components: number;
}

/** What OpenWhisk says of a container that it cannot start: see `messages.ts`. */
export type StartFault = { readonly start: string };

export type ActivationFault =
  | StartFault
  /** The container dies: before the action sees its arguments, so long after it got them, or before its answer is read. */
  | { readonly kill: 'before' | 'after' }
  | { readonly kill: 'during'; readonly afterMs: number }
  /** The action ends as it should, but who waits for its result never gets it (a lost active ack). */
  | { readonly drop: 'result' };

export interface Faults {
  /** Asked before each activation. */
  activation?(info: ActivationInfo): ActivationFault | undefined;
  /** Asked before each call of a conductor; true: the controller forgets the session (it restarted). No record is left. */
  dropSession?(info: SessionInfo): boolean;
  /** Asked at each REST invocation or fire, with its path (`guest/flow`); a status refuses it. */
  refuse?(path: string): 429 | 503 | undefined;
}
