/** Who may use what: a namespace is its owner's alone, but for published packages. */
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

  /** @param path what is asked for, as the refusal names it @throws {Reject} 403 where the namespace is another's */
  checkOwn(namespace: string, path: string): void {
    if (namespace !== this.#namespace) throw new Reject(403, messages.notAuthorized(path));
  }

  /** May the namespace's owner read and invoke this action? @throws {Reject} 403, 404, 409 */
  entitle(path: string): void {
    const packagePath = packageOf(path);
    if (packagePath !== undefined) this.entitlePackage(packagePath);
    else this.checkOwn(rootOf(path), path);
  }

  /** Its own, or a published one, through a binding too. @throws {Reject} 403, 404, 409 */
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
