import { randomBytes } from 'node:crypto';
import { orAbort } from '../../base/abort.ts';
import { UserError } from '../../base/errors.ts';
import type { RunFailure, RunResult } from '../../contract/envelope.ts';
import { RUN_EXISTS, UNKNOWN_STEP, UNREADABLE_SECRETS } from '../../contract/protocol.generated.ts';
import type { Invocation, Whisk } from '../openwhisk/client.ts';
import { followRun } from './follow.ts';
import type { RunKey, RunReader } from './reader.ts';
import { type RunStatus, runStatus } from './run-status.ts';

/** A generated run ID, like the conductor's: the time, and random characters. */
export function newRunId(now: Date): string {
  const time = now.toISOString().replaceAll(/\D/g, '').slice(0, 'YYYYMMDDhhmmss'.length);
  return `${time}-${randomBytes(4).toString('hex')}`;
}

/** How a run ended, for the command that followed it. */
export interface Ending extends Pick<RunResult, 'status' | 'outputs' | 'exact' | 'error'> {}

/**
 * Invokes a deployed flow and follows the run to its end.
 *
 * The invocation is blocking, so that the end of a quick run, or of a run that could not start, is known immediately. The
 * run's records decide; the answer only counts if there are none.
 *
 * @param options.exists The run was started before, so only the answer shows whether it has the same parameters.
 * @param options.signal Stops following; the run continues, and the call fails with the signal's reason.
 * @throws UserError `run-exists` if a run of this name was started before with other parameters; that run is not affected.
 * @throws UserError `unknown-step` if the run should be resumed from a step that the flow does not have.
 * @throws UserError `unreadable-secrets` if the run cannot be resumed because its secret parameters cannot be read.
 */
export async function invokeAndFollow(
  whisk: Whisk,
  reader: RunReader,
  key: RunKey,
  parameters: Record<string, unknown>,
  onStatus: (status: RunStatus) => void,
  { exists = false, signal }: { exists?: boolean; signal?: AbortSignal } = {},
): Promise<Ending> {
  const answered = new AbortController();
  // `wait`: the first session does not wait for other lanes, because the datastore is polled anyway.
  const invocation = whisk.invoke(key.flow, { ...parameters, run: key.run, wait: 0 }, { blocking: true });
  const answer = orAbort(invocation.then(endingOf), signal).finally(() => answered.abort());
  // Awaited below; until then a rejection must not count as unhandled.
  answer.catch(() => undefined);
  if (exists) await answer.catch(throwConflict);
  const untilAnswered = await follow(reader, key, onStatus, answered.signal);
  signal?.throwIfAborted();
  if (untilAnswered !== undefined) return untilAnswered;
  const status = await runStatus(reader, key);
  // A gateway can cut a long request, which does not affect the run.
  const ending = await answer.catch((error: unknown) => {
    if (status === undefined) throw error;
    return undefined;
  });
  if (status === undefined) return ending ?? NOT_BEGUN;
  onStatus(status);
  if (status.isOver) return status;
  if (ending?.status === 'failed') return ending;
  const last = await follow(reader, key, onStatus, signal);
  signal?.throwIfAborted();
  return last as RunStatus;
}

/** Undefined if the signal aborted before the run ended. */
async function follow(
  reader: RunReader,
  key: RunKey,
  onStatus: (status: RunStatus) => void,
  signal?: AbortSignal,
): Promise<RunStatus | undefined> {
  let last: RunStatus | undefined;
  for await (const status of followRun(reader, key, signal === undefined ? {} : { signal })) {
    onStatus(status);
    last = status;
  }
  const isCut = signal?.aborted === true && last?.isOver === false;
  return last?.status === 'running' || isCut ? undefined : last;
}

const NOT_BEGUN: Ending = { status: 'failed', error: { message: 'the flow was invoked, but the run did not start' } };

/** A session's answer; undefined if it does not say how the run ended. */
function endingOf({ response }: Invocation): Ending | undefined {
  if (response === undefined) return undefined;
  if (response.success) {
    const { status, outputs, exact } = response.result as RunResult;
    return status === 'succeeded' ? { status, ...(outputs && { outputs }), ...(exact && { exact }) } : undefined;
  }
  const { error } = response.result as { error: string | RunFailure };
  if (typeof error === 'object' && error.code === RUN_EXISTS) {
    throw new UserError(RUN_EXISTS, String(error.message), 'use another name, or the original parameters');
  }
  if (typeof error === 'object' && (error.code === UNKNOWN_STEP || error.code === UNREADABLE_SECRETS))
    throw new UserError(error.code, String(error.message));
  return { status: 'failed', error: typeof error === 'string' ? { message: error } : failureOf(error) };
}

function throwConflict(error: unknown): void {
  if (error instanceof UserError && error.code === RUN_EXISTS) throw error;
}

function failureOf({ message, step, task }: RunFailure): RunFailure {
  return { message: String(message), ...(step && { step }), ...(task && { task }) };
}
