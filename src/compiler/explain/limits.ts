import * as openwhisk from '../../contract/openwhisk.generated.ts';

/** Limits of OpenWhisk that a cluster can change. */
export interface AssumedLimits {
  /** Maximum number of components per session. */
  components: number;
  callsPerMinute: number;
  activationsAtOnce: number;
  actionTimeMs: number;
  actionMemoryMB: number;
}

/** The defaults of Apache OpenWhisk. */
export const OPENWHISK_LIMITS: AssumedLimits = {
  components: openwhisk.SESSION_COMPONENTS_MAX,
  callsPerMinute: openwhisk.INVOCATIONS_PER_MINUTE,
  activationsAtOnce: openwhisk.ACTIVATIONS_AT_ONCE,
  actionTimeMs: openwhisk.ACTION_TIME_MAX_MS,
  actionMemoryMB: openwhisk.ACTION_MEMORY_MAX_MB,
};

/** The limits that a cluster publishes; others are absent. */
export interface PublishedLimits {
  sequenceLength?: number;
  invocationsPerMinute?: number;
  concurrentInvocations?: number;
  maxTimeLimitMs?: number;
  maxMemoryMB?: number;
}

/** The limits of a cluster, with OpenWhisk's defaults for those it does not publish. */
export function limitsOf(cluster: PublishedLimits): AssumedLimits {
  return {
    components: cluster.sequenceLength ?? OPENWHISK_LIMITS.components,
    callsPerMinute: cluster.invocationsPerMinute ?? OPENWHISK_LIMITS.callsPerMinute,
    activationsAtOnce: cluster.concurrentInvocations ?? OPENWHISK_LIMITS.activationsAtOnce,
    actionTimeMs: cluster.maxTimeLimitMs ?? OPENWHISK_LIMITS.actionTimeMs,
    actionMemoryMB: cluster.maxMemoryMB ?? OPENWHISK_LIMITS.actionMemoryMB,
  };
}

/** Digits of an index whose range is unknown: up to ten million items or turns. */
export const INDEX_DIGITS_MAX = 7;
