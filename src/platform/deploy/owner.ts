import { createHmac } from 'node:crypto';
import { UserError } from '../../base/errors.ts';
import { toJson } from '../../base/json.ts';
import type { Entity, KeyValue } from '../openwhisk/client.ts';

/** Annotation with the owner of an entity and what was deployed. */
const OWNER_ANNOTATION = 'nuvopipe';

export interface Owner {
  flow?: string;
  /** See {@link hashOf}. */
  hash?: string;
  /** For step actions and what clients invoke: the current version. */
  version?: string;
  /** For what clients invoke: the previous version. */
  previous?: string;
}

/** A requested entity. `elsewhere`: an entity of another type has the name. */
export type Found = Entity | 'elsewhere' | undefined;

export function ownerAnnotation(owner: Owner): KeyValue {
  return { key: OWNER_ANNOTATION, value: owner };
}

export function ownerOf(entity: Found): Owner {
  if (entity === undefined || entity === 'elsewhere') return {};
  return (entity.annotations.find(({ key }) => key === OWNER_ANNOTATION)?.value as Owner | null | undefined) ?? {};
}

/**
 * HMAC-SHA256, hex: detects changes without revealing the value to anyone who lacks the key.
 *
 * @param key the OpenWhisk key, whose owner can read everything that is hashed
 */
export function hashOf(value: unknown, key: string): string {
  return createHmac('sha256', key).update(toJson(value)).digest('hex');
}

/** @throws UserError `name-taken` if names belong to others */
export function refuseForeign(names: readonly string[], flow: string): void {
  if (names.length === 0) return;
  const [are, do_] = names.length === 1 ? ['is', 'does'] : ['are', 'do'];
  throw new UserError(
    'name-taken',
    `${names.join(', ')} already ${are} on this OpenWhisk and ${do_} not belong to the flow ${flow}; nothing was deployed`,
    'delete the existing entities, rename the flow, or deploy to another namespace',
  );
}
