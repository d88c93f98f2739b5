/** Fires triggers: invokes the actions of their rules and records the outcomes. */
import type { ActivationStore } from '../activation-store.ts';
import { decodeBody, decodePayload } from '../decode.ts';
import { pathOfReference, type RuleStatus, toObject } from '../entities.ts';
import type { EntityStore } from '../entity-store.ts';
import { activationId } from '../ids.ts';
import type { JsonObject } from '../json-values.ts';
import * as messages from '../messages.ts';
import { Reject } from '../reject.ts';
import type { ApiAnswer, ApiRequest } from '../request.ts';
import { success } from '../response.ts';
import { type ApiOptions, checkPayloadSize } from './collection.ts';
import type { Invocations } from './invocations.ts';

/** ActivationResult.scala: the codes in the lines of a trigger's log. */
const RULE_SUCCESS = 0;
const RULE_APPLICATION_ERROR = 1;
const RULE_WHISK_ERROR = 3;

export class Fires {
  readonly #entities: EntityStore;
  readonly #activations: ActivationStore;
  readonly #invocations: Invocations;
  readonly #options: ApiOptions;

  constructor(entities: EntityStore, activations: ActivationStore, invocations: Invocations, options: ApiOptions) {
    this.#entities = entities;
    this.#activations = activations;
    this.#invocations = invocations;
    this.#options = options;
  }

  /** `POST` of a trigger. @throws {Reject} 400, 404, 409, 413 */
  fire(request: ApiRequest, path: string): ApiAnswer {
    const { namespace, limits, now } = this.#options;
    checkPayloadSize(request, limits);
    const payload = decodePayload(decodeBody(request.body));
    const trigger = this.#entities.get('trigger', path);
    const rules = Object.entries(trigger.rules ?? {});
    if (!rules.some(([, link]) => link.status === 'active')) return { status: 204 };
    const id = activationId();
    const start = Math.floor(now());
    const args = { ...toObject(trigger.parameters), __ow_headers: forwardedHeaders(request.headers), ...payload };
    Promise.all(
      rules.map(([rule, link]) => this.#activateRule(rule, pathOfReference(link.action), link.status, args)),
    ).then((lines) => {
      this.#activations.put({
        activationId: id,
        annotations: [],
        logs: lines.map((line) => JSON.stringify(line)),
        name: trigger.name,
        namespace,
        publish: false,
        response: success(payload ?? {}),
        start,
        subject: namespace,
        version: trigger.version,
      });
    });
    return { status: 202, body: { activationId: id }, headers: { 'x-openwhisk-activation-id': id } };
  }

  /**
   * The controller invokes a rule's action through its own API, including throttles. The result is one line of the
   * trigger's log.
   */
  async #activateRule(rule: string, action: string, status: RuleStatus, args: JsonObject): Promise<JsonObject> {
    const line = (statusCode: number, outcome: JsonObject): JsonObject => ({
      statusCode,
      success: statusCode === RULE_SUCCESS,
      ...outcome,
      rule,
      action,
    });
    if (status === 'inactive') return line(RULE_APPLICATION_ERROR, { error: messages.inactiveRule(rule, action) });
    try {
      return line(RULE_SUCCESS, { activationId: await this.#invocations.start(action, args) });
    } catch (error) {
      if (!(error instanceof Reject)) return line(RULE_WHISK_ERROR, { error: messages.INTERNAL_SERVER_ERROR });
      return line(error.status >= 500 ? RULE_WHISK_ERROR : RULE_APPLICATION_ERROR, { error: error.message });
    }
  }
}

/**
 * What a fired action sees of the request. Unlike in OpenWhisk, the caller's key is omitted, because it would end up
 * in records.
 */
function forwardedHeaders(headers: Readonly<Record<string, string>>): JsonObject {
  const { authorization: _, 'content-type': __, 'content-length': ___, ...rest } = headers;
  return rest;
}
