import { setTimeout as pause } from 'node:timers/promises';
import { SystemError, UserError } from '../../base/errors.ts';
import type { RunResult } from '../../contract/envelope.ts';
import { keys, prefixes } from '../../contract/layout.generated.ts';
import type { Invocation, Whisk } from '../openwhisk/client.ts';
import { readRecord } from '../s3/read-record.ts';
import type { Store } from '../s3/store.ts';
import type { RunKey } from './reader.ts';

/** A run ends when its steps have stopped and the `onFailure` steps are done. */
const END_PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 250;

export interface Cancellation {
  status: RunResult['status'];
  /** False: the `onFailure` steps are still running; afterwards the run can be resumed. */
  isOver: boolean;
  /** It already had its result. */
  wasOver: boolean;
}

/**
 * Cancels a run through its flow, so that the `onFailure` steps run. If the flow is no longer deployed, the run is
 * only marked as cancelled in its records.
 *
 * @throws UserError or SystemError if the flow cannot be invoked or fails to cancel it.
 */
export async function cancelRun(
  whisk: Whisk,
  store: Store,
  key: RunKey,
  patienceMs = END_PATIENCE_MS,
): Promise<Cancellation> {
  const { flow, run } = key;
  const before = await resultOf(store, key);
  if (before !== undefined) return { status: before.status, isOver: true, wasOver: true };
  try {
    const { response } = await whisk.invoke(flow, { cancel: run }, { blocking: true });
    const isMarked = await store.exists(keys.cancelled({ flow, run }));
    const after = await endOf(store, key, isMarked ? patienceMs : 0);
    // It might have ended in the meantime.
    if (after !== undefined) return { status: after.status, isOver: true, wasOver: after.status !== 'cancelled' };
    if (isMarked) return { status: 'cancelled', isOver: false, wasOver: false };
    throw new SystemError('cancel-failed', `${flow}/${run} was not cancelled: ${reasonOf(response)}`, 'try again');
  } catch (error) {
    if (!(error instanceof UserError && error.code === 'whisk-not-found')) throw error;
    return cancelRecords(store, key);
  }
}

/** The same as in the runtime's cancellation, without the `onFailure` steps. */
async function cancelRecords(store: Store, key: RunKey): Promise<Cancellation> {
  const prefix = prefixes.run(key);
  await store.putIfAbsent(`${prefix}cancelled`, JSON.stringify({ by: 'nuvopipe cancel', at: Date.now() }));
  const result: RunResult = { run: key.run, status: 'cancelled' };
  const isOurs = await store.putIfAbsent(`${prefix}result.json`, JSON.stringify(result));
  await store.delete(keys.live(key));
  const { status } = isOurs ? result : ((await resultOf(store, key)) as RunResult);
  return { status, isOver: true, wasOver: !isOurs };
}

/** Waits for the run's result; undefined if it does not arrive in time. */
async function endOf(store: Store, key: RunKey, patienceMs: number): Promise<RunResult | undefined> {
  for (const until = Date.now() + patienceMs; ; ) {
    const result = await resultOf(store, key);
    if (result !== undefined || Date.now() >= until) return result;
    await pause(LOOK_EVERY_MS);
  }
}

function resultOf(store: Store, { flow, run }: RunKey): Promise<RunResult | undefined> {
  return readRecord(store, keys.result({ flow, run }), 'RunResult');
}

function reasonOf(response: Invocation['response']): string {
  const { error } = (response?.result ?? {}) as { error?: string | { message?: string } };
  return (typeof error === 'string' ? error : error?.message) ?? 'the flow did not answer';
}
