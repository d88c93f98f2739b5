import { named } from '../../base/counts.ts';
import type { Plan } from '../../contract/plan.ts';
import type { ClusterInfo } from '../openwhisk/cluster.ts';

export interface LimitedAction {
  name: string;
  /** Limits of a step action. */
  profile?: string;
  memoryMB: number;
  timeLimitMs: number;
}

export interface CappedLimits {
  memoryMB: number;
  timeLimitMs: number;
  logsMB: number;
  /** What each cap means for the flow, as sentences. */
  warnings: string[];
}

/**
 * Without activation logs, containers are free as soon as they have answered, because OpenWhisk otherwise collects
 * the log first. Step output is in the datastore; internal errors are in the activation's result.
 */
const LOGS_MB = 0;

/** Caps limits to what the cluster allows, because it would reject the action. Unpublished limits are not capped. */
export function capLimits(action: LimitedAction, cluster: ClusterInfo, plan: Plan): CappedLimits {
  const { memoryMB, timeLimitMs } = action;
  const { maxMemoryMB = memoryMB, maxTimeLimitMs = timeLimitMs, minLogsMB = LOGS_MB } = cluster;
  const warnings: string[] = [];
  const steps = namedSteps(action, plan);
  if (memoryMB > maxMemoryMB) {
    warnings.push(`${steps} get ${maxMemoryMB} MB instead of ${memoryMB} MB: the cluster does not allow more`);
  }
  if (timeLimitMs > maxTimeLimitMs) {
    warnings.push(
      `${steps} get ${maxTimeLimitMs / 1000} s instead of ${timeLimitMs / 1000} s: the cluster does not allow more`,
    );
  }
  return {
    memoryMB: Math.min(memoryMB, maxMemoryMB),
    timeLimitMs: Math.min(timeLimitMs, maxTimeLimitMs),
    logsMB: Math.max(LOGS_MB, minLogsMB),
    warnings,
  };
}

/** The steps with a profile. */
export function stepsWithProfile(profile: string, plan: Plan): string[] {
  return Object.entries(plan.steps)
    .filter(([, step]) => step.profile === profile)
    .map(([name]) => name);
}

/** The steps of an action, for messages: `steps load, fit (action p256-60s-1a2b3c4d)`. */
export function namedSteps({ name, profile }: Pick<LimitedAction, 'name' | 'profile'>, plan: Plan): string {
  if (profile === undefined) return `the action ${name} will`;
  const names = stepsWithProfile(profile, plan);
  if (names.length === 0) return `the stand-in (action ${name}) will`;
  return `steps ${named(names)} (action ${name})`;
}
