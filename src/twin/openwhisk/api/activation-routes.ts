/** `activations`: records, logs and results. */
import {
  type ActivationQuery,
  type ActivationStore,
  activationJson,
  activationSummaryJson,
} from '../activation-store.ts';
import { pathParts } from '../entity-names.ts';
import * as messages from '../messages.ts';
import { Reject } from '../reject.ts';
import { type ApiAnswer, type ApiRequest, booleanParameter, listAnswer, listParameters, ok } from '../request.ts';
import { responseJson } from '../response.ts';
import { allow, type CollectionApi, isCollection } from './collection.ts';
import type { Entitlement } from './entitlement.ts';

export class ActivationsApi implements CollectionApi {
  readonly #activations: ActivationStore;
  readonly #entitlement: Entitlement;

  constructor(activations: ActivationStore, entitlement: Entitlement) {
    this.#activations = activations;
    this.#entitlement = entitlement;
  }

  handle(request: ApiRequest, namespace: string, rest: readonly string[]): ApiAnswer {
    if (isCollection(rest)) {
      allow(request, ['GET']);
      this.#entitlement.checkOwn(namespace, namespace);
      return this.#list(request);
    }
    const [id = '', part, ...more] = rest;
    if (more.length > 0 || !['', 'logs', 'result', undefined].includes(part)) throw new Reject(404, messages.NOT_FOUND);
    allow(request, ['GET']);
    if (!/^[0-9a-f]{32}$/.test(id)) throw new Reject(400, messages.ACTIVATION_ID_ILLEGAL);
    this.#entitlement.checkOwn(namespace, `${namespace}/${id}`);
    const activation = this.#activations.get(id);
    if (activation === undefined) throw new Reject(404, messages.RESOURCE_DOES_NOT_EXIST);
    if (part === 'logs') return ok({ logs: [...activation.logs] });
    if (part === 'result') return ok(responseJson(activation.response));
    return ok(activationJson(activation));
  }

  #list({ query }: ApiRequest): ApiAnswer {
    const list = listParameters(query);
    const docs = booleanParameter(query, 'docs', false);
    if (list.count && docs) throw new Reject(400, messages.DOCS_NOT_ALLOWED_WITH_COUNT);
    const filter: ActivationQuery = {
      name: nameParameter(query),
      since: instantParameter(query, 'since'),
      upto: instantParameter(query, 'upto'),
    };
    return listAnswer(
      this.#activations.list(filter),
      list,
      'activations',
      docs ? activationJson : activationSummaryJson,
    );
  }
}

function nameParameter(query: URLSearchParams): string | undefined {
  const value = query.get('name');
  if (value === null || value.trim() === '') return undefined;
  const parts = pathParts(value);
  if (parts !== undefined && parts.length <= 2) return parts.join('/');
  throw new Reject(400, messages.queryMalformed('name', messages.invalidValue(value)));
}

function instantParameter(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (/^[+-]?\d{1,18}$/.test(value)) return Number(value);
  throw new Reject(400, messages.queryMalformed(name, messages.invalidValue(value)));
}
