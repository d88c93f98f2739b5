import type { PlannedCall, PlannedRetry, PlannedStep } from '../../contract/plan.ts';
import {
  FALLBACK_ATTEMPTS,
  LOOKS_MAX,
  PAUSE_MAX_MS,
  POLL_FIRST_MS,
  POLL_GROWTH,
  POLL_MAX_MS,
} from '../../contract/protocol.generated.ts';

/** Components that a task needs if its first attempt succeeds, and if only the last one does. */
export interface StepCost {
  components: number;
  worst: number;
  /** The number is unbounded. */
  isOpen: boolean;
}

/** Prepare the arguments, invoke the action, record the answer. */
const ACTION_COMPONENTS = 3;

/** A pause followed by a check of the flow's result. */
export const COMPONENTS_PER_LOOK = 2;

export function costOf({ call, retry, catches }: PlannedStep): StepCost {
  const attempt = attemptCost(call);
  const pauses = retry ? pausesMs(retry) : [];
  const repeated = pauses.reduce((sum, pause) => sum + Math.ceil(pause / PAUSE_MAX_MS) + attempt.worst, 0);
  return { ...attempt, worst: attempt.worst + repeated + (catches ? FALLBACK_ATTEMPTS : 0) };
}

/** The longest pause before each repetition. */
export function pausesMs({ times, backoffMs, factor, maxMs }: PlannedRetry): number[] {
  return Array.from({ length: times }, (_, attempt) => Math.min(backoffMs * factor ** attempt, maxMs));
}

function attemptCost(call: PlannedCall | undefined): StepCost {
  if (!call || ('detach' in call && call.detach)) return { components: 1, worst: 1, isOpen: false };
  if ('action' in call) return { components: ACTION_COMPONENTS, worst: ACTION_COMPONENTS, isOpen: false };
  const looks = call.timeoutMs === undefined ? LOOKS_MAX : looksWithin(call.timeoutMs);
  return {
    components: 1 + COMPONENTS_PER_LOOK,
    worst: 1 + looks * COMPONENTS_PER_LOOK,
    isOpen: false,
  };
}

function looksWithin(limitMs: number): number {
  let [looks, waitedMs] = [0, 0];
  while (waitedMs < limitMs) {
    waitedMs += Math.min(POLL_FIRST_MS * POLL_GROWTH ** looks, POLL_MAX_MS);
    looks += 1;
  }
  return looks;
}
