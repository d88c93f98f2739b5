/** Invokes actions, for a client or for a rule. */
import { activationJson } from '../activation-store.ts';
import { decodeBody, decodePayload } from '../decode.ts';
import { findValue } from '../entities.ts';
import type { ResolvedAction } from '../invoker.ts';
import { isObject, type Json, type JsonObject } from '../json-values.ts';
import * as messages from '../messages.ts';
import { Reject } from '../reject.ts';
import { type ApiAnswer, type ApiRequest, booleanParameter } from '../request.ts';
import type { Sessions } from '../sessions.ts';
import { type ApiOptions, checkPayloadSize } from './collection.ts';
import type { Entitlement } from './entitlement.ts';
import type { Resolver } from './resolver.ts';
import type { Throttles } from './throttles.ts';

const STATUS_OF_RESPONSE = {
  success: 200,
  'application error': 502,
  'action developer error': 502,
  'whisk internal error': 500,
} as const;

export class Invocations {
  readonly #sessions: Sessions;
  readonly #resolver: Resolver;
  readonly #entitlement: Entitlement;
  readonly #throttles: Throttles;
  readonly #options: ApiOptions;

  constructor(
    sessions: Sessions,
    resolver: Resolver,
    entitlement: Entitlement,
    throttles: Throttles,
    options: ApiOptions,
  ) {
    this.#sessions = sessions;
    this.#resolver = resolver;
    this.#entitlement = entitlement;
    this.#throttles = throttles;
    this.#options = options;
  }

  /** `POST` of an action. @throws {Reject} */
  async invoke(request: ApiRequest, path: string): Promise<ApiAnswer> {
    const { limits } = this.#options;
    this.#throttles.checkInvocation(path);
    this.#entitlement.entitle(path);
    checkPayloadSize(request, limits);
    const { query } = request;
    const blocking = booleanParameter(query, 'blocking', false);
    const resultOnly = booleanParameter(query, 'result', false);
    const waitMs = waitParameter(query, limits.blockingWaitMs);
    const payload = decodePayload(decodeBody(request.body));
    const resolved = this.#resolver.resolve(path);
    this.#checkInvocable(resolved, payload);
    const { activationId: id, activation } = await this.#sessions.invoke(
      resolved,
      payload,
      blocking ? waitMs : undefined,
      request.receivedAt,
    );
    const headers = { 'x-openwhisk-activation-id': id };
    if (activation === undefined) return { status: 202, body: { activationId: id }, headers };
    const { status, result } = activation.response;
    const body: Json =
      Array.isArray(result) || (resultOnly && isObject(result)) ? result : (activationJson(activation) as Json);
    return { status: STATUS_OF_RESPONSE[status], body, headers };
  }

  /** Starts an action on behalf of its owner, including throttles. @returns the activation ID @throws {Reject} */
  async start(path: string, payload: JsonObject): Promise<string> {
    this.#throttles.checkInvocation(path);
    this.#entitlement.entitle(path);
    const resolved = this.#resolver.resolve(path);
    this.#checkInvocable(resolved, payload);
    const { activationId } = await this.#sessions.invoke(resolved, payload, undefined, this.#options.now());
    return activationId;
  }

  #checkInvocable({ action }: ResolvedAction, payload: JsonObject | undefined): void {
    if ('components' in action.exec) {
      for (const component of action.exec.components) this.#entitlement.entitle(component.slice(1));
    }
    // Parameters with a value are final if the action says so.
    if (findValue(action.annotations, 'final') !== true || payload === undefined) return;
    const immutable = action.parameters.filter((each) => each.value !== null).map((each) => each.key);
    if (immutable.some((key) => Object.hasOwn(payload, key))) throw new Reject(400, messages.PARAMETERS_NOT_ALLOWED);
  }
}

function waitParameter(query: URLSearchParams, maxMs: number): number {
  const value = query.get('timeout');
  if (value === null) return maxMs;
  const ms = /^[+-]?\d{1,9}$/.test(value) ? Number(value) : 0;
  if (ms > 0 && ms <= maxMs) return ms;
  throw new Reject(400, messages.queryMalformed('timeout', messages.invalidTimeout(maxMs)));
}
