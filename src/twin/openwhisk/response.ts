/** The response of an activation: ActivationResult.scala. */

import type { ProxyReply } from '../containers/runtimes.ts';
import { isObject, type Json, type JsonObject, parseBoundedJson } from './json-values.ts';
import * as messages from './messages.ts';

export type ActivationStatus = 'success' | 'application error' | 'action developer error' | 'whisk internal error';

export interface Response {
  readonly status: ActivationStatus;
  readonly result?: Json;
  /** Length of the container's answer in characters, or in bytes if it was truncated. */
  readonly size?: number;
}

export const STATUS_CODES: Readonly<Record<ActivationStatus, number>> = {
  success: 0,
  'application error': 1,
  'action developer error': 2,
  'whisk internal error': 3,
};

export function success(result: Json, size?: number): Response {
  return { status: 'success', result, ...(size === undefined ? {} : { size }) };
}

export function applicationError(error: Json, size?: number): Response {
  return failure('application error', error, size);
}

export function developerError(error: Json, size?: number): Response {
  return failure('action developer error', error, size);
}

export function whiskError(error: Json): Response {
  return failure('whisk internal error', error);
}

function failure(status: ActivationStatus, error: Json, size?: number): Response {
  return { status, result: { error }, ...(size === undefined ? {} : { size }) };
}

/** `processInitResponseContent`: why a container was not initialised. */
export function initResponse(reply: ProxyReply, timeoutMs: number, maxBytes: number): Response {
  if (reply.kind === 'timed-out') return developerError(messages.timedOut(timeoutMs, true));
  if (reply.kind === 'exited') return developerError(messages.ABNORMAL_INITIALIZATION);
  const { body, lengthBytes } = reply;
  if (lengthBytes > maxBytes)
    return developerError(messages.truncatedResponse(body, lengthBytes, maxBytes), lengthBytes);
  const parsed = parse(body);
  const error = isObject(parsed) ? parsed.error : undefined;
  return developerError(error ?? messages.invalidInitResponse(body), body.length);
}

/** `processRunResponseContent`. @param maxBytes longer answers are errors @param keptBytes part of them to show */
export function runResponse(reply: ProxyReply, timeoutMs: number, maxBytes: number, keptBytes: number): Response {
  if (reply.kind === 'timed-out') return developerError(messages.timedOut(timeoutMs, false));
  if (reply.kind === 'exited') return developerError(messages.ABNORMAL_RUN);
  const { body, lengthBytes } = reply;
  if (lengthBytes > maxBytes) {
    const beginning = Buffer.from(body).subarray(0, keptBytes).toString('utf8');
    return applicationError(messages.truncatedResponse(beginning, lengthBytes, maxBytes), lengthBytes);
  }
  const parsed = parse(body);
  const size = body.length;
  const ok = reply.status === 200;
  if (isObject(parsed)) {
    if (ok) return parsed.error === undefined ? success(parsed, size) : applicationError(parsed.error, size);
    return developerError(parsed.error ?? messages.invalidRunResponse(body), size);
  }
  if (Array.isArray(parsed) && ok) return success(parsed, size);
  return developerError(messages.invalidRunResponse(body), size);
}

function parse(body: string): Json | undefined {
  try {
    return parseBoundedJson(body);
  } catch {
    return undefined;
  }
}

/** `toExtendedJson`. */
export function responseJson(response: Response): JsonObject {
  const { status, result, size } = response;
  return {
    ...(result === undefined ? {} : { result }),
    ...(size === undefined ? {} : { size }),
    status,
    success: status === 'success',
  };
}
