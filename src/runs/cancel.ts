import { SystemError, UserError } from '../errors.ts';
import type { RunResult } from '../model/envelope.ts';
import { LIVE_PREFIX, runPrefix } from '../model/records.ts';
import { getJson, type Store } from '../store/store.ts';
import type { Invocation, Whisk } from '../whisk/client.ts';
import type { RunKey } from './reader.ts';

export interface Cancellation {
  status: RunResult['status'];
  /** It had its result before. */
  wasOver: boolean;
}

/**
 * Has a run cancelled by its flow, so that what follows a failure follows this, too. Where the flow is not deployed any more
 * nothing can: then the records alone say that the run is over.
 *
 * @throws UserError or SystemError where the flow cannot be invoked, or fails to do it.
 */
export async function cancelRun(whisk: Whisk, store: Store, key: RunKey): Promise<Cancellation> {
  const { flow, run } = key;
  const before = await resultOf(store, key);
  if (before !== undefined) return { status: before.status, wasOver: true };
  try {
    const { response } = await whisk.invoke(flow, { cancel: run }, { blocking: true });
    const after = await resultOf(store, key);
    // It may have ended by itself meanwhile; what follows the cancellation may go on for longer than the call.
    if (after !== undefined) return { status: after.status, wasOver: after.status !== 'cancelled' };
    if (await store.exists(`${runPrefix(flow, run)}cancelled`)) return { status: 'cancelled', wasOver: false };
    throw new SystemError('cancel-failed', `${flow}/${run} is not cancelled: ${reasonOf(response)}`, 'try it again');
  } catch (error) {
    if (!(error instanceof UserError && error.code === 'whisk-not-found')) throw error;
    return cancelRecords(store, key);
  }
}

/** As the runtime does it (`Session._cancel`), without the steps of `onFailure`. */
async function cancelRecords(store: Store, key: RunKey): Promise<Cancellation> {
  const prefix = runPrefix(key.flow, key.run);
  await store.putIfAbsent(`${prefix}cancelled`, JSON.stringify({ by: 'nuvopipe cancel', at: Date.now() }));
  const result: RunResult = { run: key.run, status: 'cancelled' };
  const isOurs = await store.putIfAbsent(`${prefix}result.json`, JSON.stringify(result));
  await store.delete(`${LIVE_PREFIX}${key.flow}/${key.run}`);
  const { status } = isOurs ? result : ((await resultOf(store, key)) as RunResult);
  return { status, wasOver: !isOurs };
}

function resultOf(store: Store, { flow, run }: RunKey): Promise<RunResult | undefined> {
  return getJson<RunResult>(store, `${runPrefix(flow, run)}result.json`);
}

function reasonOf(response: Invocation['response']): string {
  const { error } = (response?.result ?? {}) as { error?: string | { message?: string } };
  return (typeof error === 'string' ? error : error?.message) ?? 'the flow has not answered';
}
