/** Shared by the collections of the API: paths, methods and lists. */
import { checkName } from '../decode.ts';
import { type EntityType, summaryJson } from '../entities.ts';
import type { EntityStore } from '../entity-store.ts';
import type { Faults } from '../faults.ts';
import * as messages from '../messages.ts';
import type { NamespaceLimits } from '../namespace-limits.ts';
import { Reject } from '../reject.ts';
import { type ApiAnswer, type ApiRequest, listAnswer, listParameters } from '../request.ts';

export interface ApiOptions {
  readonly namespace: string;
  readonly limits: NamespaceLimits;
  readonly faults: Faults;
  readonly now: () => number;
  /** An action was changed: its warm containers are useless. */
  readonly onActionChanged: (path: string) => void;
}

/** A collection of the API, such as `actions`. */
export interface CollectionApi {
  /** @param rest the path below `/namespaces/{namespace}/{collection}/` @throws {Reject} */
  handle(request: ApiRequest, namespace: string, rest: readonly string[]): ApiAnswer | Promise<ApiAnswer>;
}

/** Whether the path is that of the collection itself. */
export function isCollection(rest: readonly string[]): boolean {
  return rest.length === 0 || (rest.length === 1 && rest[0] === '');
}

/** The path of an entity in a collection without packages. @throws {Reject} 400, 404 */
export function entityPath(namespace: string, rest: readonly string[]): string {
  const [name = '', ...more] = rest;
  if (more.length > 0) throw new Reject(404, messages.NOT_FOUND);
  return `${namespace}/${checkName(name)}`;
}

/** @throws {Reject} 405 */
export function allow(request: ApiRequest, methods: readonly string[]): void {
  if (!methods.includes(request.method)) throw new Reject(405, messages.methodNotAllowed(methods));
}

/** @throws {Reject} 413 */
export function checkPayloadSize({ bodyBytes }: ApiRequest, { payloadBytes }: NamespaceLimits): void {
  if (bodyBytes > payloadBytes) throw new Reject(413, messages.tooBig('Request', bodyBytes, payloadBytes));
}

/** Lists the entities of a type below a path. @throws {Reject} 400 */
export function listEntities(
  entities: EntityStore,
  request: ApiRequest,
  type: EntityType,
  collection: string,
  path: string,
): ApiAnswer {
  const list = listParameters(request.query);
  return listAnswer(entities.list(type, path), list, collection, (each) => summaryJson(type, each));
}
