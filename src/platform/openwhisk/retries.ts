/** Which requests to OpenWhisk are retried, and why. */
interface RetryRule {
  /** HTTP status, or the error code of Node's sockets. */
  on: number | string;
  /**
   * `always`: nothing can have happened yet. `idempotent`: something might have happened, so only requests that can
   * safely be repeated are sent again; invocations are not.
   */
  for: 'always' | 'idempotent';
  why: string;
}

export const RETRY_TABLE: readonly RetryRule[] = [
  { on: 429, for: 'always', why: 'throttled before it was looked at; the next minute has room again' },
  { on: 503, for: 'always', why: 'the controller is starting or has no healthy invoker; it did not take the request' },
  {
    on: 409,
    for: 'idempotent',
    why: 'two writers of one document; with overwrite=true the second try meets the new one',
  },
  { on: 502, for: 'idempotent', why: 'a gateway lost its controller; of an invocation it is the action’s own failure' },
  { on: 504, for: 'idempotent', why: 'a gateway gave up waiting' },
  { on: 500, for: 'idempotent', why: 'the controller’s database was away for a moment' },
  { on: 'ECONNRESET', for: 'idempotent', why: 'a kept connection was closed by the other side just when it was used' },
  { on: 'EPIPE', for: 'idempotent', why: 'the same, while sending' },
  { on: 'EAI_AGAIN', for: 'always', why: 'the name server was busy; nothing was sent' },
];

/** Pauses before the 2nd, 3rd, … attempt, in milliseconds. */
export const RETRY_WAITS_MS: readonly number[] = [100, 400, 1_600];

/** Throttles are per clock minute (Entitlement.scala), so waiting them out takes up to a minute. */
export const THROTTLE_WAITS_MS: readonly number[] = [1_000, 4_000, 10_000, 20_000, 30_000];

/** Pause before attempt number `tries + 1`; undefined: do not retry. */
export function retryWaitMs(on: number | string, idempotent: boolean, tries: number): number | undefined {
  const rule = RETRY_TABLE.find((each) => each.on === on);
  if (rule === undefined || (rule.for === 'idempotent' && !idempotent)) return undefined;
  return (on === 429 ? THROTTLE_WAITS_MS : RETRY_WAITS_MS)[tries - 1];
}
