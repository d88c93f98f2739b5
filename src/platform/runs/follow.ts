import { setTimeout as pause } from 'node:timers/promises';
import { toJson } from '../../base/json.ts';
import type { RunKey, RunReader } from './reader.ts';
import { type RunStatus, runStatus } from './run-status.ts';

/** Between two looks while things happen; an idle run is looked at less and less often. */
const INTERVAL_MIN_MS = 100;
const INTERVAL_MAX_MS = 2_000;
const INTERVAL_GROWTH = 1.5;
/** Looking takes at most this part of the time: on a wide run one look lists thousands of keys. */
const LOOKING_SHARE = 0.25;
/** A failed or cancelled run has its result at once, or when the steps are done that follow a failure. Without news of it for so long, it is lost. */
const SETTLING_MS = 15_000;

/** Yields a run's status whenever it has changed, until the run is over or the signal says so. It may not have begun yet. */
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
    // An abort ends the pause, and with it the loop.
    await pause(Math.max(interval, took / LOOKING_SHARE - took), undefined, options).catch(() => undefined);
  }
}
