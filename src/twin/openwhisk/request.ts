/** A request with its query parameters, and the answer of a handler. */

import { LISTED_DEFAULT, LISTED_MAX } from '../../contract/openwhisk.generated.ts';
import type { Json } from './json-values.ts';
import * as messages from './messages.ts';
import { Reject } from './reject.ts';

export interface ApiRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  /** The body's text; empty if there is none. */
  readonly body: string;
  readonly bodyBytes: number;
  /** ms since 1970. */
  readonly receivedAt: number;
}

export interface ApiAnswer {
  readonly status: number;
  /** Undefined: no body. */
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ok = (body: Json): ApiAnswer => ({ status: 200, body });

const TRUE = ['true', 'yes', 'on', '1'];
const FALSE = ['false', 'no', 'off', '0'];
/** Nine digits, which fit Scala's `Int`. */
const SKIPPED_MAX = 999_999_999;

/** @throws {Reject} 400 */
export function booleanParameter(query: URLSearchParams, name: string, ifAbsent: boolean): boolean {
  const value = query.get(name);
  if (value === null) return ifAbsent;
  if (TRUE.includes(value.toLowerCase())) return true;
  if (FALSE.includes(value.toLowerCase())) return false;
  throw new Reject(400, messages.queryMalformed(name, messages.notBoolean(value)));
}

export interface ListParameters {
  readonly skip: number;
  readonly limit: number;
  readonly count: boolean;
}

/** `skip`, `limit` and `count` of a list request. @throws {Reject} 400 */
export function listParameters(query: URLSearchParams): ListParameters {
  const skip = integerParameter(query, 'skip', SKIPPED_MAX) ?? 0;
  const limit = integerParameter(query, 'limit', LISTED_MAX) ?? LISTED_DEFAULT;
  return { skip, limit: limit === 0 ? LISTED_MAX : limit, count: booleanParameter(query, 'count', false) };
}

function integerParameter(query: URLSearchParams, name: string, max: number): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number <= max) return number;
  throw new Reject(400, messages.queryMalformed(name, messages.notInteger(value, 0, max)));
}

/** The requested part of a list, or its length. */
export function listAnswer<T>(
  items: readonly T[],
  { skip, limit, count }: ListParameters,
  collection: string,
  json: (item: T) => Json,
): ApiAnswer {
  if (count) return ok({ [collection]: Math.max(0, items.length - skip) });
  return ok(items.slice(skip, skip + limit).map(json));
}
