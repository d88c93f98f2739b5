import type { ManifestTrigger } from '../../contract/manifest.ts';
import { readCron } from '../../language/model/cron.ts';
import { nextTime } from '../../language/model/cron-times.ts';

/** A schedule and its next start. */
export interface SetSchedule {
  cron: string;
  /** Absent: UTC. */
  timezone?: string;
  /** ISO 8601, UTC. */
  next: string;
  /** Name of its rule if it is disabled: it starts nothing until the rule is enabled. */
  paused?: string;
}

/** @param afterMs since 1970 */
export function nextStart({ cron, timezone = 'UTC' }: { cron: string; timezone?: string }, afterMs: number): Date {
  const read = readCron(cron);
  if ('problem' in read) throw new Error(read.problem.message);
  return new Date(nextTime(read.cron, timezone, afterMs));
}

/** @param paused names of rules that are disabled */
export function setSchedules(
  triggers: readonly ManifestTrigger[],
  afterMs: number,
  paused: ReadonlySet<string> = new Set(),
): SetSchedule[] {
  return triggers.flatMap(({ schedule, rule }) => {
    if (!schedule) return [];
    const next = nextStart(schedule, afterMs).toISOString();
    return [{ ...schedule, next, ...(paused.has(rule) && { paused: rule }) }];
  });
}
