/** `rules`. The state of a rule is stored in its trigger, with its action. */
import { decodeBody, decodeRulePut, decodeRuleStatus } from '../decode.ts';
import {
  nextVersion,
  pathOfReference,
  type Reference,
  type Rule,
  type RuleStatus,
  ruleJson,
  type Trigger,
} from '../entities.ts';
import { lastOf, parentOf, rootOf } from '../entity-names.ts';
import type { EntityStore } from '../entity-store.ts';
import * as messages from '../messages.ts';
import { Reject } from '../reject.ts';
import { type ApiAnswer, type ApiRequest, booleanParameter, ok } from '../request.ts';
import { type ApiOptions, allow, type CollectionApi, entityPath, isCollection, listEntities } from './collection.ts';
import type { Entitlement } from './entitlement.ts';
import type { Resolver } from './resolver.ts';

export class RulesApi implements CollectionApi {
  readonly #entities: EntityStore;
  readonly #resolver: Resolver;
  readonly #entitlement: Entitlement;
  readonly #options: ApiOptions;

  constructor(entities: EntityStore, resolver: Resolver, entitlement: Entitlement, options: ApiOptions) {
    this.#entities = entities;
    this.#resolver = resolver;
    this.#entitlement = entitlement;
    this.#options = options;
  }

  handle(request: ApiRequest, namespace: string, rest: readonly string[]): ApiAnswer {
    if (isCollection(rest)) {
      allow(request, ['GET']);
      this.#entitlement.checkOwn(namespace, namespace);
      return listEntities(this.#entities, request, 'rule', 'rules', namespace);
    }
    const path = entityPath(namespace, rest);
    allow(request, ['PUT', 'GET', 'DELETE', 'POST']);
    this.#entitlement.checkOwn(namespace, path);
    switch (request.method) {
      case 'PUT':
        return this.#put(request, path);
      case 'POST':
        return this.#setStatus(request, path);
      case 'DELETE': {
        const rule = this.#entities.get('rule', path);
        this.#unlink(rule.trigger, path);
        this.#entities.delete(path);
        return ok(ruleJson(rule, 'inactive'));
      }
      default: {
        const rule = this.#entities.get('rule', path);
        return ok(ruleJson(rule, this.#statusOf(rule.trigger, path)));
      }
    }
  }

  #put(request: ApiRequest, path: string): ApiAnswer {
    const { limits, namespace, now } = this.#options;
    const put = decodeRulePut(decodeBody(request.body), namespace, limits);
    if (put.trigger !== undefined) this.#entitlement.checkOwn(rootOf(put.trigger.path), pathOfReference(put.trigger));
    if (put.action !== undefined) this.#entitlement.entitle(pathOfReference(put.action));
    const old = this.#entities.find('rule', path);
    if (old !== undefined && !booleanParameter(request.query, 'overwrite', false)) {
      throw new Reject(409, messages.RESOURCE_EXISTS);
    }
    const triggerReference = put.trigger ?? old?.trigger;
    const action = put.action ?? old?.action;
    if (triggerReference === undefined || action === undefined) throw new Reject(400, messages.RULE_INCOMPLETE);
    const status = old === undefined ? 'active' : this.#statusOf(old.trigger, path);
    const triggerPath = pathOfReference(triggerReference);
    const trigger = exists(() => this.#entities.get('trigger', triggerPath), messages.triggerDoesNotExist(triggerPath));
    const actionPath = pathOfReference(action);
    exists(() => this.#resolver.resolve(actionPath), messages.actionDoesNotExist(actionPath));
    if (old !== undefined && pathOfReference(old.trigger) !== triggerPath) this.#unlink(old.trigger, path);
    const rule: Rule = {
      action,
      annotations: put.annotations ?? old?.annotations ?? [],
      name: lastOf(path),
      namespace: parentOf(path),
      publish: put.publish ?? old?.publish ?? false,
      trigger: triggerReference,
      updated: Math.floor(now()),
      version: put.version ?? nextVersion(old?.version),
    };
    this.#entities.put('trigger', { ...trigger, rules: { ...trigger.rules, [path]: { action, status } } });
    this.#entities.put('rule', rule);
    return ok(ruleJson(rule, status));
  }

  #setStatus(request: ApiRequest, path: string): ApiAnswer {
    const status = decodeRuleStatus(decodeBody(request.body));
    const rule = this.#entities.get('rule', path);
    if (this.#statusOf(rule.trigger, path) === status) return { status: 200 };
    const trigger = this.#findTrigger(rule.trigger);
    if (trigger === undefined) throw new Reject(404, messages.RULE_NEEDS_TRIGGER);
    this.#entities.put('trigger', { ...trigger, rules: { ...trigger.rules, [path]: { action: rule.action, status } } });
    return { status: 200 };
  }

  #statusOf(trigger: Reference, rulePath: string): RuleStatus {
    return this.#findTrigger(trigger)?.rules?.[rulePath]?.status ?? 'inactive';
  }

  #unlink(reference: Reference, rulePath: string): void {
    const trigger = this.#findTrigger(reference);
    if (trigger?.rules === undefined) return;
    const { [rulePath]: _, ...rules } = trigger.rules;
    this.#entities.put('trigger', { ...trigger, rules });
  }

  #findTrigger(reference: Reference): Trigger | undefined {
    try {
      return this.#entities.find('trigger', pathOfReference(reference));
    } catch (error) {
      // The name now belongs to another entity.
      if (error instanceof Reject) return undefined;
      throw error;
    }
  }
}

function exists<T>(get: () => T, message: string): T {
  try {
    return get();
  } catch (error) {
    if (error instanceof Reject && error.status === 404) throw new Reject(400, message);
    throw error;
  }
}
