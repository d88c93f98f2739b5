/** The limits of an OpenWhisk namespace, with the defaults of Apache OpenWhisk. */

const MIB = 1024 * 1024;

export interface NamespaceLimits {
  /** REST invocations a clock minute. `whisk.config limits-actions-invokes-perMinute`, Entitlement.scala. */
  readonly invocationsPerMinute: number;
  /** Activations at once, components included. `limits-actions-invokes-concurrent`, ActivationThrottler.scala. */
  readonly concurrentInvocations: number;
  /** Trigger fires a clock minute. `limits-triggers-fires-perMinute`. */
  readonly firesPerMinute: number;
  /** Components of a sequence or of a session. `limits-actions-sequence-maxLength`, PrimitiveActions.scala. */
  readonly sequenceLength: number;
  /** Action time, ms. application.conf `whisk.time-limit`. */
  readonly timeoutMs: LimitRange;
  /** Action memory, MB. application.conf `whisk.memory`. */
  readonly memoryMb: LimitRange;
  /** Action logs, MB. application.conf `whisk.log-limit`. */
  readonly logsMb: LimitRange;
  /** Activations at once in one container. application.conf `whisk.concurrency-limit`. */
  readonly concurrency: LimitRange;
  /** Code of an action. Exec.scala. */
  readonly codeBytes: number;
  /** Parameters, annotations, payload and result, each. application.conf `whisk.parameter-size-limit`, `activation.payload`. */
  readonly payloadBytes: number;
  /** What a response that is too large keeps of its beginning. application.conf `activation.payload.truncation`. */
  readonly truncationBytes: number;
  /** Request bodies above this are not read. application.conf `pekko.http.server.parsing.max-content-length`. */
  readonly requestBytes: number;
  /** How long a blocking invocation waits. application.conf `max-wait-for-blocking-activation`. */
  readonly blockingWaitMs: number;
  /** How much longer than its time limit a component is waited for. PrimitiveActions.scala, `1.minute`. */
  readonly componentGraceMs: number;
}

export interface LimitRange {
  readonly min: number;
  readonly max: number;
  readonly std: number;
}

export const DEFAULT_LIMITS: NamespaceLimits = {
  invocationsPerMinute: 60,
  concurrentInvocations: 30,
  firesPerMinute: 60,
  sequenceLength: 50,
  timeoutMs: { min: 100, max: 300_000, std: 60_000 },
  memoryMb: { min: 128, max: 512, std: 256 },
  logsMb: { min: 0, max: 10, std: 10 },
  concurrency: { min: 1, max: 1, std: 1 },
  codeBytes: 48 * MIB,
  payloadBytes: MIB,
  truncationBytes: MIB,
  requestBytes: 50 * MIB,
  blockingWaitMs: 60_000,
  componentGraceMs: 60_000,
};

/** Collection.scala: entities a list shows when not told, and at most. */
export const DEFAULT_LIST_LIMIT = 30;
export const MAX_LIST_LIMIT = 200;

/** EntityPath.scala, ENTITY_NAME_MAX_LENGTH. */
export const MAX_NAME_LENGTH = 256;
