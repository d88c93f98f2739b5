/** `triggers`. */
import { decodeBody, decodeTriggerPut } from '../decode.ts';
import { findValue, nextVersion, type Trigger, triggerJson } from '../entities.ts';
import { lastOf, parentOf, pathParts } from '../entity-names.ts';
import type { EntityStore } from '../entity-store.ts';
import * as messages from '../messages.ts';
import { Reject } from '../reject.ts';
import { type ApiAnswer, type ApiRequest, booleanParameter, ok } from '../request.ts';
import { type ApiOptions, allow, type CollectionApi, entityPath, isCollection, listEntities } from './collection.ts';
import type { Entitlement } from './entitlement.ts';
import type { Fires } from './fires.ts';
import type { Throttles } from './throttles.ts';

export class TriggersApi implements CollectionApi {
  readonly #entities: EntityStore;
  readonly #entitlement: Entitlement;
  readonly #throttles: Throttles;
  readonly #fires: Fires;
  readonly #options: ApiOptions;

  constructor(
    entities: EntityStore,
    entitlement: Entitlement,
    throttles: Throttles,
    fires: Fires,
    options: ApiOptions,
  ) {
    this.#entities = entities;
    this.#entitlement = entitlement;
    this.#throttles = throttles;
    this.#fires = fires;
    this.#options = options;
  }

  handle(request: ApiRequest, namespace: string, rest: readonly string[]): ApiAnswer {
    if (isCollection(rest)) {
      allow(request, ['GET']);
      this.#entitlement.checkOwn(namespace, namespace);
      return listEntities(this.#entities, request, 'trigger', 'triggers', namespace);
    }
    const path = entityPath(namespace, rest);
    allow(request, ['PUT', 'GET', 'DELETE', 'POST']);
    if (request.method === 'POST') this.#throttles.checkFire(path);
    this.#entitlement.checkOwn(namespace, path);
    switch (request.method) {
      case 'PUT':
        return this.#put(request, path);
      case 'POST':
        return this.#fires.fire(request, path);
      case 'DELETE': {
        const trigger = this.#entities.get('trigger', path);
        this.#entities.delete(path);
        return ok(triggerJson(trigger));
      }
      default:
        return ok(triggerJson(this.#entities.get('trigger', path)));
    }
  }

  #put(request: ApiRequest, path: string): ApiAnswer {
    const { limits, now } = this.#options;
    const put = decodeTriggerPut(decodeBody(request.body), limits);
    const old = this.#entities.find('trigger', path);
    if (old !== undefined && !booleanParameter(request.query, 'overwrite', false)) {
      throw new Reject(409, messages.RESOURCE_EXISTS);
    }
    const feed = old === undefined ? findValue(put.annotations ?? [], 'feed') : undefined;
    if (feed !== undefined && !(typeof feed === 'string' && pathParts(feed) !== undefined)) {
      throw new Reject(400, messages.FEED_NOT_VALID);
    }
    const trigger: Trigger = {
      annotations: put.annotations ?? old?.annotations ?? [],
      name: lastOf(path),
      namespace: parentOf(path),
      parameters: put.parameters ?? old?.parameters ?? [],
      publish: put.publish ?? old?.publish ?? false,
      ...(old?.rules === undefined ? {} : { rules: old.rules }),
      updated: Math.floor(now()),
      version: put.version ?? nextVersion(old?.version),
    };
    this.#entities.put('trigger', trigger);
    return ok(triggerJson(trigger));
  }
}
