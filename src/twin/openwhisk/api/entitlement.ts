/** Access control: a namespace is private to its owner, except for published packages. */
import { type Package, pathOf } from '../entities.ts';
import { packageOf, rootOf } from '../entity-names.ts';
import type { EntityStore } from '../entity-store.ts';
import * as messages from '../messages.ts';
import { Reject } from '../reject.ts';

export class Entitlement {
  readonly #entities: EntityStore;
  readonly #namespace: string;

  constructor(entities: EntityStore, namespace: string) {
    this.#entities = entities;
    this.#namespace = namespace;
  }

  /**
   * @param path the requested path, as shown in the error @throws {Reject} 403 if the namespace belongs to someone
   * else
   */
  checkOwn(namespace: string, path: string): void {
    if (namespace !== this.#namespace) throw new Reject(403, messages.notAuthorized(path));
  }

  /** Checks that the namespace's owner can read and invoke an action. @throws {Reject} 403, 404, 409 */
  entitle(path: string): void {
    const packagePath = packageOf(path);
    if (packagePath !== undefined) this.entitlePackage(packagePath);
    else this.checkOwn(rootOf(path), path);
  }

  /** Its own package or a published one, also through a binding. @throws {Reject} 403, 404, 409 */
  entitlePackage(path: string, named = path): void {
    const own = rootOf(path) === this.#namespace;
    let found: Package;
    try {
      found = this.#entities.get('package', path);
    } catch (error) {
      if (own) throw error;
      throw new Reject(403, messages.notAuthorized(named));
    }
    if (found.binding !== undefined && own) this.entitlePackage(pathOf(found.binding), named);
    else if (!own && !(found.publish && found.binding === undefined))
      throw new Reject(403, messages.notAuthorized(named));
  }
}
