/**
 * The REST API below `/api/v1/namespaces/{namespace}`: one class per collection, like the controller's classes of the
 * same names.
 */
import type { ActivationStore } from '../activation-store.ts';
import { checkNamespace } from '../decode.ts';
import type { EntityStore } from '../entity-store.ts';
import type { Invoker } from '../invoker.ts';
import * as messages from '../messages.ts';
import { Reject } from '../reject.ts';
import type { ApiAnswer, ApiRequest } from '../request.ts';
import type { Sessions } from '../sessions.ts';
import { ActionsApi } from './action-routes.ts';
import { ActivationsApi } from './activation-routes.ts';
import type { ApiOptions, CollectionApi } from './collection.ts';
import type { Entitlement } from './entitlement.ts';
import { Fires } from './fires.ts';
import { Invocations } from './invocations.ts';
import { LimitsApi } from './limit-routes.ts';
import { PackagesApi } from './package-routes.ts';
import type { Resolver } from './resolver.ts';
import { RulesApi } from './rule-routes.ts';
import { Throttles } from './throttles.ts';
import { TriggersApi } from './trigger-routes.ts';

export class Api {
  readonly #namespace: string;
  readonly #collections: ReadonlyMap<string, CollectionApi>;

  constructor(
    entities: EntityStore,
    activations: ActivationStore,
    invoker: Invoker,
    sessions: Sessions,
    resolver: Resolver,
    entitlement: Entitlement,
    options: ApiOptions,
  ) {
    this.#namespace = options.namespace;
    const throttles = new Throttles(invoker, options);
    const invocations = new Invocations(sessions, resolver, entitlement, throttles, options);
    const fires = new Fires(entities, activations, invocations, options);
    const actions = new ActionsApi(entities, resolver, entitlement, invocations, options);
    this.#collections = new Map<string, CollectionApi>([
      ['actions', actions],
      ['packages', new PackagesApi(entities, entitlement, actions, options)],
      ['triggers', new TriggersApi(entities, entitlement, throttles, fires, options)],
      ['rules', new RulesApi(entities, resolver, entitlement, options)],
      ['activations', new ActivationsApi(activations, entitlement)],
      ['limits', new LimitsApi(entitlement, options.limits)],
    ]);
  }

  /** @param segments the path below `/namespaces/`, decoded; a trailing slash is an empty last segment @throws {Reject} */
  async handle(request: ApiRequest, segments: readonly string[]): Promise<ApiAnswer> {
    const [namespaceSegment = '', collection = '', ...rest] = segments;
    const namespace = checkNamespace(namespaceSegment, this.#namespace);
    const api = this.#collections.get(collection);
    if (api === undefined) throw new Reject(404, messages.NOT_FOUND);
    return api.handle(request, namespace, rest);
  }
}
