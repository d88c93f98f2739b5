import { SystemError } from '../../base/errors.ts';
import type { Whisk } from '../openwhisk/client.ts';

/** The result of a sweep, as returned by `runtime/src/nuvopipe_runtime/sweeper.py`; runs as `Flow/run`. */
export interface SweepReport {
  /** Runs that have not ended. */
  live: number;
  /** Stalled runs that were restarted. */
  swept: string[];
  /** Stalled runs that could not be restarted because of throttling. */
  waiting: string[];
  /** Stalled runs whose flow cannot be invoked, with the reason. */
  refused: Record<string, string>;
  /** Runs that had ended or never started. */
  removed: string[];
  /** Keys of objects that are not valid records. */
  unreadable?: string[];
  /** Keys of records that another version of nuvopipe wrote; their runs are left alone. */
  otherVersion?: string[];
}

/** Invokes the sweeper and waits for its result. */
export async function sweepRuns(whisk: Whisk, sweeper: string): Promise<SweepReport> {
  const { response, activationId } = await whisk.invoke(sweeper, {}, { blocking: true });
  if (response?.success) return response.result as SweepReport;
  const { error } = (response?.result ?? {}) as { error?: unknown };
  const reason = response === undefined ? `it did not answer in time (activation ${activationId})` : String(error);
  throw new SystemError('sweep-failed', `the sweeper failed: ${reason}`, 'sweep again');
}
