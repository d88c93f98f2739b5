import { SystemError } from '../../base/errors.ts';
import type { Whisk } from '../openwhisk/client.ts';

/** What a sweep has found, as `runtime/src/nuvopipe_runtime/sweeper.py` answers it; runs as `Flow/run`. */
export interface SweepReport {
  /** Runs that are not over. */
  live: number;
  /** Their lease had run out: their flow looks after them now. */
  swept: string[];
  /** Likewise, but the platform takes no more for now. */
  waiting: string[];
  /** Likewise, but their flow cannot be invoked, and why. */
  refused: Record<string, string>;
  /** They were over, or had never begun. */
  removed: string[];
  /** Keys of objects that should be records and are not. */
  unreadable?: string[];
}

/** Invokes the sweeper, and waits for what it finds. */
export async function sweep(whisk: Whisk, sweeper: string): Promise<SweepReport> {
  const { response, activationId } = await whisk.invoke(sweeper, {}, { blocking: true });
  if (response?.success) return response.result as SweepReport;
  const { error } = (response?.result ?? {}) as { error?: unknown };
  const reason = response === undefined ? `it did not answer in time (activation ${activationId})` : String(error);
  throw new SystemError('sweep-failed', `the sweeper failed: ${reason}`, 'sweep again');
}
