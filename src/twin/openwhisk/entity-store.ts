/**
 * The entities of a namespace, each in its own file. All types share one set of names, as in OpenWhisk's database: an
 * action and a package cannot have the same name.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '../../base/atomic-file.ts';
import { sha256 } from '../../base/hash.ts';
import { parseJson, toJson } from '../../base/json.ts';
import { type Action, type EntityType, type EntityTypes, type Package, pathOf } from './entities.ts';
import * as messages from './messages.ts';
import { Reject } from './reject.ts';

interface Stored<T extends EntityType = EntityType> {
  readonly type: T;
  readonly entity: EntityTypes[T];
}

export class EntityStore {
  readonly #dir: string;
  readonly #stored = new Map<string, Stored>();

  /** Loads existing entities; unreadable files, for example after a crash during a write, are ignored. */
  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true });
    for (const name of readdirSync(dir)) {
      if (!name.endsWith('.json')) {
        rmSync(join(dir, name), { force: true });
        continue;
      }
      const stored = readStored(join(dir, name));
      if (stored !== undefined) this.#stored.set(pathOf(stored.entity), stored);
    }
  }

  /** @throws {Reject} 404 if it does not exist, 409 if another type has the name */
  get<T extends EntityType>(type: T, path: string): EntityTypes[T] {
    const entity = this.find(type, path);
    if (entity === undefined) throw new Reject(404, messages.RESOURCE_DOES_NOT_EXIST);
    return entity;
  }

  /** @throws {Reject} 409 if another type has the name */
  find<T extends EntityType>(type: T, path: string): EntityTypes[T] | undefined {
    const stored = this.#stored.get(path);
    if (stored === undefined) return undefined;
    if (stored.type !== type) throw new Reject(409, messages.CONFORMANCE);
    return stored.entity as EntityTypes[T];
  }

  put<T extends EntityType>(type: T, entity: EntityTypes[T]): void {
    const path = pathOf(entity);
    const stored: Stored<T> = { type, entity };
    writeFileAtomically(this.#file(path), toJson(stored));
    this.#stored.set(path, stored as Stored);
  }

  /** Adds an entity without writing it, for entities that belong to the platform. */
  provide<T extends EntityType>(type: T, entity: EntityTypes[T]): void {
    this.#stored.set(pathOf(entity), { type, entity } as Stored);
  }

  delete(path: string): void {
    rmSync(this.#file(path), { force: true });
    this.#stored.delete(path);
  }

  /** All entities of a type below a path (a namespace or package), latest first. */
  list<T extends EntityType>(type: T, path: string): EntityTypes[T][] {
    const found: EntityTypes[T][] = [];
    for (const [name, stored] of this.#stored) {
      if (stored.type === type && name.startsWith(`${path}/`)) found.push(stored.entity as EntityTypes[T]);
    }
    return found.sort((a, b) => b.updated - a.updated);
  }

  /** The package of a path, following bindings, with the parameters of each. @throws {Reject} */
  resolvePackage(path: string): Package {
    const found = this.get('package', path);
    if (found.binding === undefined) return found;
    const bound = this.resolvePackage(pathOf(found.binding));
    const parameters = [
      ...new Map([...bound.parameters, ...found.parameters].map((each) => [each.key, each])).values(),
    ];
    return { ...bound, parameters };
  }

  actions(): Action[] {
    return [...this.#stored.values()].filter((each) => each.type === 'action').map((each) => each.entity as Action);
  }

  #file(path: string): string {
    return join(this.#dir, `${sha256(path).slice(0, 40)}.json`);
  }
}

function readStored(path: string): Stored | undefined {
  try {
    const stored = parseJson(readFileSync(path, 'utf8')) as Stored;
    return typeof stored.entity.name === 'string' && typeof stored.entity.namespace === 'string' ? stored : undefined;
  } catch {
    return undefined;
  }
}
