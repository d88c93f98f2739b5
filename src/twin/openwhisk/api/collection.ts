/** What the collections of the API share: their paths, their methods, their lists. */
import { checkName } from '../decode.ts';
import { type EntityType, summaryJson } from '../entities.ts';
import type { EntityStore } from '../entity-store.ts';
import type { Faults } from '../faults.ts';
import type { Limits } from '../limits.ts';
import * as messages from '../messages.ts';
import { Reject } from '../reject.ts';
import { type Answer, listAnswer, listParameters, type Request } from '../request.ts';

export interface ApiOptions {
  readonly namespace: string;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly now: () => number;
  /** An action was changed: its warm containers are of no use. */
  readonly onActionChanged: (path: string) => void;
}

/** A collection of the API, such as `actions`. */
export interface CollectionApi {
  /** @param rest the path below `/namespaces/{namespace}/{collection}/` @throws {Reject} */
  handle(request: Request, namespace: string, rest: readonly string[]): Answer | Promise<Answer>;
}

/** Is it the path of the collection itself? */
export function isCollection(rest: readonly string[]): boolean {
  return rest.length === 0 || (rest.length === 1 && rest[0] === '');
}

/** The path of an entity of a collection whose entities are in no package. @throws {Reject} 400, 404 */
export function entityPath(namespace: string, rest: readonly string[]): string {
  const [name = '', ...more] = rest;
  if (more.length > 0) throw new Reject(404, messages.NOT_FOUND);
  return `${namespace}/${checkName(name)}`;
}

/** @throws {Reject} 405 */
export function allow(request: Request, methods: readonly string[]): void {
  if (!methods.includes(request.method)) throw new Reject(405, messages.methodNotAllowed(methods));
}

/** @throws {Reject} 413 */
export function checkPayloadSize({ bodyBytes }: Request, { payloadBytes }: Limits): void {
  if (bodyBytes > payloadBytes) throw new Reject(413, messages.tooBig('Request', bodyBytes, payloadBytes));
}

/** The list of a type's entities below a path. @throws {Reject} 400 */
export function listEntities(
  entities: EntityStore,
  request: Request,
  type: EntityType,
  collection: string,
  path: string,
): Answer {
  const list = listParameters(request.query, collection);
  return listAnswer(entities.list(type, path), list, collection, (each) => summaryJson(type, each));
}
