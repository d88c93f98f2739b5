import { setTimeout as pause } from 'node:timers/promises';
import { toJson } from '../../base/json.ts';
import type { RunKey, RunReader } from './reader.ts';
import { type RunStatus, runStatus } from './run-status.ts';

/** Pause between two checks while things happen; idle runs are checked less and less often. */
const INTERVAL_MIN_MS = 100;
const INTERVAL_MAX_MS = 2_000;
const INTERVAL_GROWTH = 1.5;
/** Maximum share of the time spent on checks: on a wide run, one check lists thousands of keys. */
const LOOKING_SHARE = 0.25;
/**
 * A failed or cancelled run has its result immediately, or after its `onFailure` steps. If nothing happens for this
 * long, it has stalled.
 */
const SETTLING_MS = 15_000;

/**
 * Yields a run's status whenever it changes, until the run ends or the signal aborts. The run might not have started
 * yet.
 */
export async function* followRun(
  reader: RunReader,
  key: RunKey,
  options: { signal?: AbortSignal } = {},
): AsyncGenerator<RunStatus> {
  let last = '';
  let interval = INTERVAL_MIN_MS;
  let changed = performance.now();
  while (options.signal?.aborted !== true) {
    const started = performance.now();
    const status = await runStatus(reader, key);
    const now = status === undefined ? '' : toJson(status);
    if (now !== last) changed = started;
    if (status !== undefined && now !== last) yield status;
    const isSettling = status?.isOver === false && started - changed < SETTLING_MS;
    if (status !== undefined && status.status !== 'running' && !isSettling) return;
    interval = now === last ? Math.min(interval * INTERVAL_GROWTH, INTERVAL_MAX_MS) : INTERVAL_MIN_MS;
    last = now;
    const took = performance.now() - started;
    // An abort ends the pause and therefore the loop.
    await pause(Math.max(interval, took / LOOKING_SHARE - took), undefined, options).catch(() => undefined);
  }
}
