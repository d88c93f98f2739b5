/** Finds actions through packages and bindings. */
import { type Action, mergeKeyValues, pathOf } from '../entities.ts';
import { packageOf } from '../entity-names.ts';
import type { EntityStore } from '../entity-store.ts';
import type { ResolvedAction } from '../invoker.ts';

export class Resolver {
  readonly #entities: EntityStore;

  constructor(entities: EntityStore) {
    this.#entities = entities;
  }

  /** The action of a path, with the parameters of its package and binding. @throws {Reject} 404, 409 */
  resolve(path: string): ResolvedAction {
    const packagePath = packageOf(path);
    if (packagePath === undefined) return withRevision(this.#entities.get('action', path));
    const resolved = this.#entities.resolvePackage(packagePath);
    const action = this.#entities.get('action', `${pathOf(resolved)}/${path.slice(packagePath.length + 1)}`);
    const merged = { ...action, parameters: mergeKeyValues(resolved.parameters, action.parameters) };
    return withRevision(merged, pathOf(resolved) === packagePath ? undefined : packagePath);
  }

  /** Resolves the binding in a path. @throws {Reject} 404, 409 */
  actionPath(path: string): string {
    const packagePath = packageOf(path);
    if (packagePath === undefined) return path;
    return `${pathOf(this.#entities.resolvePackage(packagePath))}/${path.slice(packagePath.length + 1)}`;
  }

  /** Whether an action is still stored in the resolved version. */
  isCurrent({ action, revision }: ResolvedAction): boolean {
    try {
      const stored = this.#entities.find('action', pathOf(action));
      return stored !== undefined && withRevision(stored).revision === revision;
    } catch {
      return false;
    }
  }
}

function withRevision(action: Action, binding?: string): ResolvedAction {
  const revision = `${action.version}@${action.updated}`;
  return binding === undefined ? { action, revision } : { action, revision, binding };
}
