import type { ClusterInfo } from '../../platform/openwhisk/cluster.ts';
import { DEFAULT_LIMITS } from '../../twin/openwhisk/namespace-limits.ts';

/** Those limits of an OpenWhisk that a cluster may raise or lower. */
export interface AssumedLimits {
  /** Components that a session may invoke. */
  components: number;
  callsPerMinute: number;
  activationsAtOnce: number;
  actionTimeMs: number;
  actionMemoryMB: number;
}

/** OpenWhisk as it comes; where each limit is from is said in `src/twin/openwhisk/namespace-limits.ts`. */
export const OPENWHISK_LIMITS: AssumedLimits = {
  components: DEFAULT_LIMITS.sequenceLength,
  callsPerMinute: DEFAULT_LIMITS.invocationsPerMinute,
  activationsAtOnce: DEFAULT_LIMITS.concurrentInvocations,
  actionTimeMs: DEFAULT_LIMITS.timeoutMs.max,
  actionMemoryMB: DEFAULT_LIMITS.memoryMb.max,
};

/** What a cluster publishes; what it does not is taken to be as OpenWhisk comes. */
export function limitsOf(cluster: ClusterInfo): AssumedLimits {
  return {
    components: cluster.sequenceLength ?? OPENWHISK_LIMITS.components,
    callsPerMinute: cluster.invocationsPerMinute ?? OPENWHISK_LIMITS.callsPerMinute,
    activationsAtOnce: cluster.concurrentInvocations ?? OPENWHISK_LIMITS.activationsAtOnce,
    actionTimeMs: cluster.maxTimeLimitMs ?? OPENWHISK_LIMITS.actionTimeMs,
    actionMemoryMB: cluster.maxMemoryMB ?? OPENWHISK_LIMITS.actionMemoryMB,
  };
}

export const ACTION_CODE_MAX_BYTES = DEFAULT_LIMITS.codeBytes;
export const PAYLOAD_MAX_BYTES = DEFAULT_LIMITS.payloadBytes;

/** Components that a session uses at most. `SESSION_COMPONENTS_MAX` of the runtime's `handover.py`. */
export const COMPONENTS_MAX = 50;

/** Used components from which a session hands over to a fresh one. `CONTINUE_FROM` of the runtime's `handover.py`. */
export const CONTINUE_FROM = 44;

/** Outputs that a run answers with; longer ones are left to Metaflow's client. `OUTPUTS_MAX_BYTES` of `conducted.py`. */
export const OUTPUTS_MAX_BYTES = 256 << 10;

/** Characters of a run's name. `RUN_NAME` of the runtime's `parameters.py`. */
export const RUN_NAME_MAX = 128;

/** Digits of an index of a foreach or a loop whose length nobody knows yet: up to ten million items or turns. */
export const INDEX_DIGITS_MAX = 7;
