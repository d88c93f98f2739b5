/** `limits`: those of the namespace. */

import * as messages from '../messages.ts';
import type { NamespaceLimits } from '../namespace-limits.ts';
import { Reject } from '../reject.ts';
import { type ApiAnswer, type ApiRequest, ok } from '../request.ts';
import { allow, type CollectionApi, isCollection } from './collection.ts';
import type { Entitlement } from './entitlement.ts';

export class LimitsApi implements CollectionApi {
  readonly #entitlement: Entitlement;
  readonly #limits: NamespaceLimits;

  constructor(entitlement: Entitlement, limits: NamespaceLimits) {
    this.#entitlement = entitlement;
    this.#limits = limits;
  }

  handle(request: ApiRequest, namespace: string, rest: readonly string[]): ApiAnswer {
    if (!isCollection(rest)) throw new Reject(404, messages.NOT_FOUND);
    allow(request, ['GET']);
    this.#entitlement.checkOwn(namespace, namespace);
    const limits = this.#limits;
    return ok({
      invocationsPerMinute: limits.invocationsPerMinute,
      concurrentInvocations: limits.concurrentInvocations,
      firesPerMinute: limits.firesPerMinute,
      maxActionMemory: limits.memoryMb.max,
      minActionMemory: limits.memoryMb.min,
      maxActionLogs: limits.logsMb.max,
      minActionLogs: limits.logsMb.min,
      maxActionTimeout: limits.timeoutMs.max,
      minActionTimeout: limits.timeoutMs.min,
      maxActionConcurrency: limits.concurrency.max,
      minActionConcurrency: limits.concurrency.min,
      maxParameterSize: `${limits.payloadBytes / (1024 * 1024)} MB`,
      maxActionInstances: limits.concurrentInvocations,
    });
  }
}
