import { keys } from '../../contract/layout.generated.ts';
import { mapParallel } from '../s3/parallel.ts';
import type { RunKey, RunReader } from './reader.ts';
import { isLost, type RunState } from './run-status.ts';

export interface RunSummary extends RunKey {
  status: RunState;
  /** See `RunStatus`. */
  isLost?: true;
  user: string;
  /** Epoch milliseconds. */
  created: number;
}

/** For flows with more runs than this, only those with the greatest IDs are read; IDs start with the time. */
const RUNS_READ_MAX = 500;

/** The latest runs of all flows, or of one, latest first. */
export async function listRuns(
  reader: RunReader,
  options: { flow?: string; limit: number },
  nowMs = Date.now(),
): Promise<RunSummary[]> {
  const flows = options.flow === undefined ? await reader.flows() : [options.flow];
  const lists = await Promise.all(
    flows.map(async (flow) => {
      const ids = (await reader.runIds(flow)).sort().slice(-RUNS_READ_MAX);
      return mapParallel(ids, (run) => reader.run({ flow, run }));
    }),
  );
  const latest = lists
    .flat()
    .filter((record) => record !== undefined)
    .sort((a, b) => b.created - a.created)
    .slice(0, options.limit);
  const states = await mapParallel(latest, async ({ flow, run, user, created }) => {
    const status = await stateOf(reader, { flow, run });
    if (reader.isUnknown(keys.result({ flow, run }))) return undefined;
    const lost = status === 'running' && (await isLost(reader, { flow, run }, nowMs));
    return { flow, run, status, ...(lost && { isLost: true as const }), user, created };
  });
  return states.filter((summary) => summary !== undefined);
}

async function stateOf(reader: RunReader, key: RunKey): Promise<RunState> {
  const result = await reader.result(key);
  if (result !== undefined) return result.status;
  if (await reader.cancelled(key)) return 'cancelled';
  return (await reader.failure(key)) === undefined ? 'running' : 'failed';
}
