import { DEFAULT_LIMITS } from '../../local/whisk/limits.ts';

/** OpenWhisk's defaults, which a cluster may raise; where each is from is said in `src/local/whisk/limits.ts`. */
export const COMPONENTS_MAX = DEFAULT_LIMITS.sequenceLength;
export const CALLS_PER_MINUTE_MAX = DEFAULT_LIMITS.invocationsPerMinute;
export const ACTIVATIONS_AT_ONCE_MAX = DEFAULT_LIMITS.concurrentInvocations;
export const ACTION_TIME_MAX_MS = DEFAULT_LIMITS.timeoutMs.max;
export const ACTION_MEMORY_MAX_MB = DEFAULT_LIMITS.memoryMb.max;
export const ACTION_CODE_MAX_BYTES = DEFAULT_LIMITS.codeBytes;
export const RESULT_MAX_BYTES = DEFAULT_LIMITS.payloadBytes;

/** Used components from which a session hands over to a fresh one. `CONTINUE_FROM` of the runtime's `session.py`. */
export const CONTINUE_FROM = 44;

/** Outputs that a run answers with; longer ones are left to Metaflow's client. `OUTPUTS_MAX_BYTES` of `session.py`. */
export const OUTPUTS_MAX_BYTES = 256 << 10;

/** Characters of a run's name. `RUN_NAME` of the runtime's `parameters.py`. */
export const RUN_NAME_MAX = 128;

/** Digits of an index of a foreach whose length nobody knows yet: up to ten million items. */
export const INDEX_DIGITS_MAX = 7;
