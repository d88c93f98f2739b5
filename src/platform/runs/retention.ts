/** Which runs can be deleted: those that match every rule given. */
export interface RetentionRule {
  /** Started longer ago than this. */
  olderThanMs?: number;
  /** Not among this many latest runs of their flow. */
  keep?: number;
  /** Succeeded. */
  keepFailed?: boolean;
}

/**
 * Nothing is deleted that was written less than this ago. A task writes its artifacts before the record that refers to them,
 * and a container that has seen an artifact does not write it again for an hour (`KNOWN_FOR_S` of the runtime); no step takes
 * this long.
 */
export const SETTLED_MS = 24 * 3_600_000;

/** Why a run is kept. */
export type KeepReason = 'running' | 'settling' | 'recent' | 'latest' | 'failed' | 'resumed';

/** Facts that decide whether a run is kept. */
export interface Candidate {
  run: string;
  /** Epoch milliseconds. */
  created: number;
  /** When its newest object was written, epoch milliseconds. */
  modified: number;
  /** Whether it has an entry in the index of live runs. */
  isLive: boolean;
  /** Without a result, it stalled or never started. */
  status: 'succeeded' | 'failed' | 'cancelled' | 'lost';
  /** The run that it resumes, from which it reads records and logs. */
  origin?: string;
}

/** Why each of a flow's runs is kept; runs that can be deleted are missing. */
export function keptRuns(runs: readonly Candidate[], rule: RetentionRule, nowMs: number): Map<string, KeepReason> {
  const kept = new Map<string, KeepReason>();
  const latest = new Set(
    [...runs]
      .sort((a, b) => b.created - a.created)
      .slice(0, rule.keep ?? 0)
      .map(({ run }) => run),
  );
  for (const candidate of runs) {
    const reason = reasonFor(candidate, rule, latest, nowMs);
    if (reason) kept.set(candidate.run, reason);
  }
  const resumed = new Set(
    runs.flatMap(({ run, status, origin }) => (status === 'lost' && kept.has(run) ? origin : [])),
  );
  for (const { run } of runs) if (resumed.has(run) && !kept.has(run)) kept.set(run, 'resumed');
  return kept;
}

function reasonFor(
  { run, created, modified, isLive, status }: Candidate,
  { olderThanMs = 0, keepFailed = false }: RetentionRule,
  latest: ReadonlySet<string>,
  nowMs: number,
): KeepReason | undefined {
  if (isLive) return 'running';
  if (latest.has(run)) return 'latest';
  if (created > nowMs - olderThanMs) return 'recent';
  if (keepFailed && status !== 'succeeded') return 'failed';
  return modified > nowMs - SETTLED_MS ? 'settling' : undefined;
}
