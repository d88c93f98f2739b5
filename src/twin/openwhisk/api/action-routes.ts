/** `actions`: those of the namespace and of its packages. */
import { checkName, decodeActionPut, decodeBody } from '../decode.ts';
import {
  type Action,
  actionJson,
  type BoundValue,
  type Exec,
  findValue,
  isSequence,
  mergeKeyValues,
  nextVersion,
  pathOf,
} from '../entities.ts';
import { lastOf, parentOf } from '../entity-names.ts';
import type { EntityStore } from '../entity-store.ts';
import * as messages from '../messages.ts';
import { standardLimits } from '../namespace-limits.ts';
import { Reject } from '../reject.ts';
import { type ApiAnswer, type ApiRequest, booleanParameter, ok } from '../request.ts';
import { type ApiOptions, allow, type CollectionApi, isCollection, listEntities } from './collection.ts';
import type { Entitlement } from './entitlement.ts';
import type { Invocations } from './invocations.ts';
import type { Resolver } from './resolver.ts';

export class ActionsApi implements CollectionApi {
  readonly #entities: EntityStore;
  readonly #resolver: Resolver;
  readonly #entitlement: Entitlement;
  readonly #invocations: Invocations;
  readonly #options: ApiOptions;

  constructor(
    entities: EntityStore,
    resolver: Resolver,
    entitlement: Entitlement,
    invocations: Invocations,
    options: ApiOptions,
  ) {
    this.#entities = entities;
    this.#resolver = resolver;
    this.#entitlement = entitlement;
    this.#invocations = invocations;
    this.#options = options;
  }

  handle(request: ApiRequest, namespace: string, rest: readonly string[]): ApiAnswer | Promise<ApiAnswer> {
    if (isCollection(rest)) {
      allow(request, ['GET']);
      this.#entitlement.checkOwn(namespace, namespace);
      return listEntities(this.#entities, request, 'action', 'actions', namespace);
    }
    const [first = '', second, ...more] = rest;
    if (more.length > 0) throw new Reject(404, messages.NOT_FOUND);
    if (second === '') {
      allow(request, ['GET']);
      return this.#listPackage(request, `${namespace}/${checkName(first)}`);
    }
    allow(request, ['PUT', 'GET', 'DELETE', 'POST']);
    const path = [namespace, checkName(first), ...(second === undefined ? [] : [checkName(second)])].join('/');
    if (request.method === 'POST') return this.#invocations.invoke(request, path);
    if (request.method === 'GET') {
      this.#entitlement.entitle(path);
      return ok(actionJson(this.#resolver.resolve(path).action, booleanParameter(request.query, 'code', true)));
    }
    this.#entitlement.checkOwn(namespace, path);
    if (second !== undefined && this.#entities.get('package', parentOf(path)).binding !== undefined) {
      throw new Reject(400, messages.NOT_ALLOWED_ON_BINDING);
    }
    return request.method === 'PUT' ? this.#put(request, path) : this.delete(path);
  }

  #listPackage(request: ApiRequest, packagePath: string): ApiAnswer {
    this.#entitlement.entitlePackage(packagePath);
    const { binding } = this.#entities.get('package', packagePath);
    return listEntities(
      this.#entities,
      request,
      'action',
      'actions',
      binding === undefined ? packagePath : pathOf(binding),
    );
  }

  #put(request: ApiRequest, path: string): ApiAnswer {
    const { limits, namespace, now } = this.#options;
    const put = decodeActionPut(decodeBody(request.body), namespace, limits);
    const overwrite = booleanParameter(request.query, 'overwrite', false);
    if (put.exec !== undefined && 'components' in put.exec) {
      for (const component of put.exec.components) this.#entitlement.entitle(component.slice(1));
    }
    const old = this.#entities.find('action', path);
    if (old !== undefined && !overwrite) throw new Reject(409, messages.RESOURCE_EXISTS);
    const exec = put.exec ?? old?.exec;
    if (exec === undefined) throw new Reject(400, 'exec undefined');
    if (put.exec !== undefined && isSequence(put.exec)) this.#checkSequence(path, put.exec.components);
    const kept = (old?.annotations ?? []).filter((each) => put.delAnnotations?.includes(each.key) !== true);
    const action: Action = {
      annotations: amendAnnotations(mergeKeyValues(kept, put.annotations ?? []), exec, old === undefined),
      exec,
      limits: { ...(old?.limits ?? standardLimits(limits)), ...put.limits },
      name: lastOf(path),
      namespace: parentOf(path),
      parameters: actionParameters(put.exec, put.parameters, old),
      publish: put.publish ?? old?.publish ?? false,
      updated: Math.floor(now()),
      version: put.version ?? nextVersion(old?.version),
    };
    this.#entities.put('action', action);
    this.#options.onActionChanged(path);
    return ok(actionJson(action, true));
  }

  /** @throws {Reject} 404, 409 */
  delete(path: string): ApiAnswer {
    const action = this.#entities.get('action', path);
    this.#entities.delete(path);
    this.#options.onActionChanged(path);
    return ok(actionJson(action, true));
  }

  /** `checkSequenceActionLimits`: not too long when inlined, no cycle, nothing missing. */
  #checkSequence(path: string, components: readonly string[]): void {
    if (components.length > this.#options.limits.sequenceLength) throw new Reject(400, messages.SEQUENCE_TOO_LONG);
    if (components.length === 0) throw new Reject(400, messages.SEQUENCE_EMPTY);
    try {
      if (this.#countAtomic([path], components) <= this.#options.limits.sequenceLength) return;
    } catch (error) {
      if (!(error instanceof Reject) || error.status !== 404) throw error;
      throw new Reject(400, messages.SEQUENCE_COMPONENT_NOT_FOUND);
    }
    throw new Reject(400, messages.SEQUENCE_TOO_LONG);
  }

  /** @param around the enclosing sequences: a changed binding can make a sequence contain itself */
  #countAtomic(around: readonly string[], components: readonly string[]): number {
    let count = 0;
    for (const component of components) {
      const path = this.#resolver.actionPath(component.slice(1));
      if (around.includes(path)) throw new Reject(400, messages.SEQUENCE_CYCLIC);
      const { exec } = this.#entities.get('action', path);
      count += 'components' in exec ? this.#countAtomic([...around, path], exec.components) : 1;
      if (count > this.#options.limits.sequenceLength) return count;
    }
    return count;
  }
}

/** `amendAnnotations`. */
function amendAnnotations(annotations: readonly BoundValue[], exec: Exec, create: boolean): BoundValue[] {
  const key = 'provide-api-key';
  const withKey: readonly BoundValue[] =
    create && findValue(annotations, key) === undefined ? [...annotations, { key, value: false }] : annotations;
  return mergeKeyValues(withKey, [{ key: 'exec', value: exec.kind }]);
}

/** `makeWhiskAction`, `updateWhiskAction`: a sequence's components stand in for its parameters, which never leak to other kinds. */
function actionParameters(
  exec: Exec | undefined,
  given: readonly BoundValue[] | undefined,
  old: Action | undefined,
): readonly BoundValue[] {
  if (exec !== undefined && 'components' in exec) return [{ key: '_actions', value: [...exec.components] }];
  if (exec === undefined && old !== undefined && isSequence(old.exec)) return old.parameters;
  return given ?? (old === undefined || isSequence(old.exec) ? [] : old.parameters);
}
