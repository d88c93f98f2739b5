import * as openwhisk from '../../contract/openwhisk.generated.ts';
import type { ActionLimits } from './entities.ts';

/** The limits of an OpenWhisk namespace. Their sources are in `schemas/openwhisk.json`. */
export interface NamespaceLimits {
  /** REST invocations per clock minute. */
  readonly invocationsPerMinute: number;
  /** Concurrent activations, including components. */
  readonly concurrentInvocations: number;
  /** Trigger fires per clock minute. */
  readonly firesPerMinute: number;
  /** Components per sequence or session. */
  readonly sequenceLength: number;
  /** Time limit of an action, ms. */
  readonly timeoutMs: LimitRange;
  /** Memory of an action, MB. */
  readonly memoryMb: LimitRange;
  /** Log size of an action, MB. */
  readonly logsMb: LimitRange;
  /** Concurrent activations per container. */
  readonly concurrency: LimitRange;
  /** Code size of an action. */
  readonly codeBytes: number;
  /** Size of parameters, annotations, payload and result, each. */
  readonly payloadBytes: number;
  /** Kept part of a response that is too large. */
  readonly truncationBytes: number;
  /** Maximum size of request bodies. */
  readonly requestBytes: number;
  /** Maximum wait of a blocking invocation. */
  readonly blockingWaitMs: number;
  /** Grace period for a component beyond its time limit. */
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

/** The limits of an action that sets none. */
export function standardLimits({ concurrency, logsMb, memoryMb, timeoutMs }: NamespaceLimits): ActionLimits {
  return { concurrency: concurrency.std, logs: logsMb.std, memory: memoryMb.std, timeout: timeoutMs.std };
}
