/** `packages`: packages and bindings. */
import { decodeBody, decodePackagePut } from '../decode.ts';
import {
  type Binding,
  type BoundValue,
  findValue,
  nextVersion,
  type Package,
  packageJson,
  pathOf,
  summaryJson,
} from '../entities.ts';
import { lastOf, parentOf } from '../entity-names.ts';
import type { EntityStore } from '../entity-store.ts';
import type { Json, JsonObject } from '../json-values.ts';
import * as messages from '../messages.ts';
import { Reject } from '../reject.ts';
import { type ApiAnswer, type ApiRequest, booleanParameter, listAnswer, listParameters, ok } from '../request.ts';
import type { ActionsApi } from './action-routes.ts';
import { type ApiOptions, allow, type CollectionApi, entityPath, isCollection } from './collection.ts';
import type { Entitlement } from './entitlement.ts';

/** Packages.scala, RESERVED_NAMES. */
const RESERVED_PACKAGES = ['default'];

export class PackagesApi implements CollectionApi {
  readonly #entities: EntityStore;
  readonly #entitlement: Entitlement;
  readonly #actions: ActionsApi;
  readonly #options: ApiOptions;

  constructor(entities: EntityStore, entitlement: Entitlement, actions: ActionsApi, options: ApiOptions) {
    this.#entities = entities;
    this.#entitlement = entitlement;
    this.#actions = actions;
    this.#options = options;
  }

  handle(request: ApiRequest, namespace: string, rest: readonly string[]): ApiAnswer {
    if (isCollection(rest)) {
      allow(request, ['GET']);
      const own = namespace === this.#options.namespace;
      const packages = this.#entities.list('package', namespace).filter((each) => own || each.publish);
      return listAnswer(packages, listParameters(request.query), 'packages', (each) => summaryJson('package', each));
    }
    const path = entityPath(namespace, rest);
    allow(request, ['PUT', 'GET', 'DELETE']);
    if (request.method === 'GET') {
      this.#entitlement.entitlePackage(path, path);
      return ok(this.#packageWithActions(path));
    }
    this.#entitlement.checkOwn(namespace, path);
    return request.method === 'PUT' ? this.#put(request, path) : this.#delete(request, path);
  }

  #packageWithActions(path: string): JsonObject {
    const shown = this.#entities.get('package', path);
    const source = shown.binding === undefined ? path : pathOf(shown.binding);
    const merged = this.#entities.resolvePackage(path);
    const actions = this.#entities
      .list('action', source)
      .map(({ name, version, annotations }) => ({ name, version, annotations }));
    const isFeed = (each: { annotations: readonly BoundValue[] }) => findValue(each.annotations, 'feed') !== undefined;
    return {
      ...packageJson(merged),
      actions: actions.filter((each) => !isFeed(each)) as unknown as Json,
      feeds: actions.filter(isFeed) as unknown as Json,
    };
  }

  #put(request: ApiRequest, path: string): ApiAnswer {
    const { limits, namespace, now } = this.#options;
    const name = lastOf(path);
    if (RESERVED_PACKAGES.includes(name)) throw new Reject(400, messages.packageNameReserved(name));
    const put = decodePackagePut(decodeBody(request.body), namespace, limits);
    const overwrite = booleanParameter(request.query, 'overwrite', false);
    if (put.binding !== undefined) this.#entitleBinding(put.binding);
    const old = this.#entities.find('package', path);
    if (old !== undefined && !overwrite) throw new Reject(409, messages.RESOURCE_EXISTS);
    if (put.binding !== undefined) {
      if (old !== undefined && old.binding === undefined) throw new Reject(409, messages.PACKAGE_CANNOT_BECOME_BINDING);
      if (this.#entities.get('package', pathOf(put.binding)).binding !== undefined) {
        throw new Reject(400, messages.BINDING_CANNOT_REFERENCE_BINDING);
      }
    }
    const binding = put.binding ?? old?.binding;
    const annotations = (put.annotations ?? old?.annotations ?? []).filter((each) => each.key !== 'binding');
    const entity: Package = {
      annotations: binding === undefined ? annotations : [...annotations, { key: 'binding', value: { ...binding } }],
      binding,
      name,
      namespace: parentOf(path),
      parameters: put.parameters ?? old?.parameters ?? [],
      publish: put.publish ?? old?.publish ?? false,
      updated: Math.floor(now()),
      version: put.version ?? nextVersion(old?.version),
    };
    this.#entities.put('package', entity);
    return ok(packageJson(entity));
  }

  /** `rewriteEntitlementFailure`. */
  #entitleBinding(binding: Binding): void {
    try {
      this.#entitlement.entitlePackage(pathOf(binding));
    } catch (error) {
      if (!(error instanceof Reject)) throw error;
      if (error.status === 404) throw new Reject(400, messages.BINDING_DOES_NOT_EXIST);
      if (error.status === 409) throw new Reject(409, messages.BINDING_NOT_VALID);
      throw error;
    }
  }

  #delete(request: ApiRequest, path: string): ApiAnswer {
    const force = booleanParameter(request.query, 'force', false);
    const entity = this.#entities.get('package', path);
    if (entity.binding === undefined) {
      const actions = this.#entities.list('action', path);
      if (actions.length > 0 && !force) throw new Reject(409, messages.packageNotEmpty(actions.length));
      for (const action of actions) this.#actions.delete(pathOf(action));
    }
    this.#entities.delete(path);
    return ok(packageJson(entity));
  }
}
