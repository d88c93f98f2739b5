import * as openwhisk from '../../contract/openwhisk.generated.ts';

/** The limits of an OpenWhisk namespace. Their sources are in `schemas/openwhisk.json`. */
export interface NamespaceLimits {
  /** REST invocations a clock minute. */
  readonly invocationsPerMinute: number;
  /** Activations at once, components included. */
  readonly concurrentInvocations: number;
  /** Trigger fires a clock minute. */
  readonly firesPerMinute: number;
  /** Components of a sequence or of a session. */
  readonly sequenceLength: number;
  /** Action time, ms. */
  readonly timeoutMs: LimitRange;
  /** Action memory, MB. */
  readonly memoryMb: LimitRange;
  /** Action logs, MB. */
  readonly logsMb: LimitRange;
  /** Activations at once in one container. */
  readonly concurrency: LimitRange;
  /** Code of an action. */
  readonly codeBytes: number;
  /** Parameters, annotations, payload and result, each. */
  readonly payloadBytes: number;
  /** What is kept of the beginning of a response that is too large. */
  readonly truncationBytes: number;
  /** Request bodies above this are not read. */
  readonly requestBytes: number;
  /** How long a blocking invocation waits. */
  readonly blockingWaitMs: number;
  /** How much longer than its time limit a component is waited for. */
  readonly componentGraceMs: number;
}

export interface LimitRange {
  readonly min: number;
  readonly max: number;
  readonly std: number;
}

/** The defaults of Apache OpenWhisk. */
export const DEFAULT_LIMITS: NamespaceLimits = {
  invocationsPerMinute: openwhisk.INVOCATIONS_PER_MINUTE,
  concurrentInvocations: openwhisk.ACTIVATIONS_AT_ONCE,
  firesPerMinute: openwhisk.FIRES_PER_MINUTE,
  sequenceLength: openwhisk.SESSION_COMPONENTS_MAX,
  timeoutMs: {
    min: openwhisk.ACTION_TIME_MIN_MS,
    max: openwhisk.ACTION_TIME_MAX_MS,
    std: openwhisk.ACTION_TIME_DEFAULT_MS,
  },
  memoryMb: {
    min: openwhisk.ACTION_MEMORY_MIN_MB,
    max: openwhisk.ACTION_MEMORY_MAX_MB,
    std: openwhisk.ACTION_MEMORY_DEFAULT_MB,
  },
  logsMb: {
    min: openwhisk.ACTION_LOGS_MIN_MB,
    max: openwhisk.ACTION_LOGS_MAX_MB,
    std: openwhisk.ACTION_LOGS_DEFAULT_MB,
  },
  concurrency: {
    min: openwhisk.ACTION_CONCURRENCY_MAX,
    max: openwhisk.ACTION_CONCURRENCY_MAX,
    std: openwhisk.ACTION_CONCURRENCY_MAX,
  },
  codeBytes: openwhisk.ACTION_CODE_MAX_BYTES,
  payloadBytes: openwhisk.PAYLOAD_MAX_BYTES,
  truncationBytes: openwhisk.PAYLOAD_KEPT_BYTES,
  requestBytes: openwhisk.REQUEST_MAX_BYTES,
  blockingWaitMs: openwhisk.BLOCKING_WAIT_MS,
  componentGraceMs: openwhisk.COMPONENT_GRACE_MS,
};
