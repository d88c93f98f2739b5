/** The REST API below `/api/v1/namespaces/{namespace}`: one handler an operation, after the controller's classes of the same names. */
import {
  type ActivationQuery,
  type ActivationStore,
  activationJson,
  activationSummaryJson,
} from './activation-store.ts';
import {
  checkName,
  checkNamespace,
  decodeActionPut,
  decodeBody,
  decodePackagePut,
  decodePayload,
  decodeRulePut,
  decodeRuleStatus,
  decodeTriggerPut,
} from './decode.ts';
import {
  type Action,
  type ActionLimits,
  actionJson,
  type Binding,
  type EntityType,
  type Exec,
  findValue,
  isSequence,
  type KeyValue,
  mergeKeyValues,
  nextVersion,
  type Package,
  packageJson,
  pathOf,
  type Reference,
  type Rule,
  type RuleStatus,
  ruleJson,
  summaryJson,
  type Trigger,
  toObject,
  triggerJson,
} from './entities.ts';
import type { EntityStore } from './entity-store.ts';
import type { Faults } from './faults.ts';
import { activationId } from './ids.ts';
import type { Invoker, ResolvedAction } from './invoker.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Limits } from './limits.ts';
import * as messages from './messages.ts';
import { parentOf, pathParts, rootOf } from './names.ts';
import { Reject } from './reject.ts';
import { type Answer, booleanParameter, listAnswer, listParameters, ok, type Request } from './request.ts';
import { responseJson, success } from './response.ts';
import type { Sessions } from './sessions.ts';
import { RateThrottle } from './throttle.ts';

/** Packages.scala, RESERVED_NAMES. */
const RESERVED_PACKAGES = ['default'];
/** ActivationResult.scala: the codes a rule's line in a trigger's log shows. */
const RULE_SUCCESS = 0;
const RULE_APPLICATION_ERROR = 1;
const RULE_WHISK_ERROR = 3;

export interface ApiOptions {
  readonly namespace: string;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly now: () => number;
  /** An action was changed: its warm containers are of no use. */
  readonly onActionChanged: (path: string) => void;
}

export class Api {
  readonly #entities: EntityStore;
  readonly #activations: ActivationStore;
  readonly #invoker: Invoker;
  readonly #sessions: Sessions;
  readonly #resolver: Resolver;
  readonly #options: ApiOptions;
  readonly #invocations: RateThrottle;
  readonly #fires: RateThrottle;

  constructor(
    entities: EntityStore,
    activations: ActivationStore,
    invoker: Invoker,
    sessions: Sessions,
    resolver: Resolver,
    options: ApiOptions,
  ) {
    this.#entities = entities;
    this.#activations = activations;
    this.#invoker = invoker;
    this.#sessions = sessions;
    this.#resolver = resolver;
    this.#options = options;
    this.#invocations = new RateThrottle(options.limits.invocationsPerMinute, options.now);
    this.#fires = new RateThrottle(options.limits.firesPerMinute, options.now);
  }

  /** @param segments the path below `/namespaces/`, decoded; a trailing slash is an empty last segment @throws {Reject} */
  async handle(request: Request, segments: readonly string[]): Promise<Answer> {
    const [namespaceSegment = '', collection, ...rest] = segments;
    const namespace = checkNamespace(namespaceSegment, this.#options.namespace);
    switch (collection) {
      case 'actions':
        return this.#actions(request, namespace, rest);
      case 'packages':
        return this.#packages(request, namespace, rest);
      case 'triggers':
        return this.#triggers(request, namespace, rest);
      case 'rules':
        return this.#rules(request, namespace, rest);
      case 'activations':
        return this.#activationRecords(request, namespace, rest);
      case 'limits':
        return this.#limits(request, namespace, rest);
      default:
        throw new Reject(404, messages.NOT_FOUND);
    }
  }

  // Actions

  async #actions(request: Request, namespace: string, rest: readonly string[]): Promise<Answer> {
    if (isCollection(rest)) {
      allow(request, ['GET']);
      this.#own(namespace, namespace);
      return this.#list(request, 'action', 'actions', namespace);
    }
    const [first = '', second, ...more] = rest;
    if (more.length > 0) throw new Reject(404, messages.NOT_FOUND);
    if (second === '') {
      allow(request, ['GET']);
      return this.#listPackage(request, `${namespace}/${checkName(first)}`);
    }
    allow(request, ['PUT', 'GET', 'DELETE', 'POST']);
    const path = [namespace, checkName(first), ...(second === undefined ? [] : [checkName(second)])].join('/');
    if (request.method === 'POST') return this.#invoke(request, path);
    if (request.method === 'GET') {
      this.#resolver.entitle(path);
      return ok(actionJson(this.#resolver.resolve(path).action, booleanParameter(request.query, 'code', true)));
    }
    this.#own(namespace, path);
    if (second !== undefined && this.#entities.get('package', parentOf(path)).binding !== undefined) {
      throw new Reject(400, messages.NOT_ALLOWED_ON_BINDING);
    }
    return request.method === 'PUT' ? this.#putAction(request, path) : this.#deleteAction(path);
  }

  #listPackage(request: Request, packagePath: string): Answer {
    this.#resolver.entitlePackage(packagePath);
    const { binding } = this.#entities.get('package', packagePath);
    return this.#list(request, 'action', 'actions', binding === undefined ? packagePath : pathOf(binding));
  }

  #putAction(request: Request, path: string): Answer {
    const { limits, namespace, now } = this.#options;
    const put = decodeActionPut(decodeBody(request.body), namespace, limits);
    const overwrite = booleanParameter(request.query, 'overwrite', false);
    if (put.exec !== undefined && 'components' in put.exec) {
      for (const component of put.exec.components) this.#resolver.entitle(component.slice(1));
    }
    const old = this.#entities.find('action', path);
    if (old !== undefined && !overwrite) throw new Reject(409, messages.RESOURCE_EXISTS);
    const exec = put.exec ?? old?.exec;
    if (exec === undefined) throw new Reject(400, 'exec undefined');
    if (put.exec !== undefined && isSequence(put.exec)) this.#checkSequence(path, put.exec.components);
    const std: ActionLimits = {
      concurrency: limits.concurrency.std,
      logs: limits.logsMb.std,
      memory: limits.memoryMb.std,
      timeout: limits.timeoutMs.std,
    };
    const kept = (old?.annotations ?? []).filter((each) => put.delAnnotations?.includes(each.key) !== true);
    const action: Action = {
      annotations: amendAnnotations(mergeKeyValues(kept, put.annotations ?? []), exec, old === undefined),
      exec,
      limits: { ...(old?.limits ?? std), ...put.limits },
      name: path.slice(path.lastIndexOf('/') + 1),
      namespace: parentOf(path),
      parameters: actionParameters(put.exec, put.parameters, old),
      publish: put.publish ?? old?.publish ?? false,
      updated: Math.floor(now()),
      version: put.version ?? (old === undefined ? '0.0.1' : nextVersion(old.version)),
    };
    this.#entities.put('action', action);
    this.#options.onActionChanged(path);
    return ok(actionJson(action, true));
  }

  #deleteAction(path: string): Answer {
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

  /** @param around the sequences that these components are in: one may be among them since a binding was changed */
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

  async #invoke(request: Request, path: string): Promise<Answer> {
    const { limits } = this.#options;
    this.#throttleInvocation(path);
    this.#resolver.entitle(path);
    this.#checkPayload(request);
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

  #checkInvocable({ action }: ResolvedAction, payload: JsonObject | undefined): void {
    if ('components' in action.exec) {
      for (const component of action.exec.components) this.#resolver.entitle(component.slice(1));
    }
    // Parameters that have a value are final where the action says so.
    if (findValue(action.annotations, 'final') !== true || payload === undefined) return;
    const immutable = action.parameters.filter((each) => each.value !== null).map((each) => each.key);
    if (immutable.some((key) => Object.hasOwn(payload, key))) throw new Reject(400, messages.PARAMETERS_NOT_ALLOWED);
  }

  #throttleInvocation(path: string): void {
    const { limits, faults } = this.#options;
    const refused = faults.refuse?.(path);
    if (refused === 503) throw new Reject(503, messages.SERVICE_UNAVAILABLE);
    const count = this.#invocations.check() ?? (refused === 429 ? limits.invocationsPerMinute + 1 : undefined);
    if (count !== undefined) throw new Reject(429, messages.tooManyRequests(count, limits.invocationsPerMinute));
    const { inFlight } = this.#invoker;
    if (inFlight >= limits.concurrentInvocations) {
      throw new Reject(429, messages.tooManyConcurrent(inFlight, limits.concurrentInvocations));
    }
  }

  #checkPayload({ bodyBytes }: Request): void {
    const { payloadBytes } = this.#options.limits;
    if (bodyBytes > payloadBytes) throw new Reject(413, messages.tooBig('Request', bodyBytes, payloadBytes));
  }

  // Packages

  #packages(request: Request, namespace: string, rest: readonly string[]): Answer {
    if (isCollection(rest)) {
      allow(request, ['GET']);
      const own = namespace === this.#options.namespace;
      const packages = this.#entities.list('package', namespace).filter((each) => own || each.publish);
      return listAnswer(packages, listParameters(request.query, 'packages'), 'packages', (each) =>
        summaryJson('package', each),
      );
    }
    const path = entityPath(namespace, rest);
    allow(request, ['PUT', 'GET', 'DELETE']);
    if (request.method === 'GET') {
      this.#resolver.entitlePackage(path, path);
      return ok(this.#packageWithActions(path));
    }
    this.#own(namespace, path);
    return request.method === 'PUT' ? this.#putPackage(request, path) : this.#deletePackage(request, path);
  }

  #packageWithActions(path: string): JsonObject {
    const shown = this.#entities.get('package', path);
    const source = shown.binding === undefined ? path : pathOf(shown.binding);
    const merged = this.#entities.resolvePackage(path);
    const actions = this.#entities
      .list('action', source)
      .map(({ name, version, annotations }) => ({ name, version, annotations }));
    const isFeed = (each: { annotations: readonly KeyValue[] }) => findValue(each.annotations, 'feed') !== undefined;
    return {
      ...packageJson(merged),
      actions: actions.filter((each) => !isFeed(each)) as unknown as Json,
      feeds: actions.filter(isFeed) as unknown as Json,
    };
  }

  #putPackage(request: Request, path: string): Answer {
    const { limits, namespace, now } = this.#options;
    const name = path.slice(path.lastIndexOf('/') + 1);
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
      version: put.version ?? (old === undefined ? '0.0.1' : nextVersion(old.version)),
    };
    this.#entities.put('package', entity);
    return ok(packageJson(entity));
  }

  /** `rewriteEntitlementFailure`. */
  #entitleBinding(binding: Binding): void {
    try {
      this.#resolver.entitlePackage(pathOf(binding));
    } catch (error) {
      if (!(error instanceof Reject)) throw error;
      if (error.status === 404) throw new Reject(400, messages.BINDING_DOES_NOT_EXIST);
      if (error.status === 409) throw new Reject(409, messages.BINDING_NOT_VALID);
      throw error;
    }
  }

  #deletePackage(request: Request, path: string): Answer {
    const force = booleanParameter(request.query, 'force', false);
    const entity = this.#entities.get('package', path);
    if (entity.binding === undefined) {
      const actions = this.#entities.list('action', path);
      if (actions.length > 0 && !force) throw new Reject(409, messages.packageNotEmpty(actions.length));
      for (const action of actions) this.#deleteAction(pathOf(action));
    }
    this.#entities.delete(path);
    return ok(packageJson(entity));
  }

  // Triggers

  #triggers(request: Request, namespace: string, rest: readonly string[]): Answer | Promise<Answer> {
    if (isCollection(rest)) {
      allow(request, ['GET']);
      this.#own(namespace, namespace);
      return this.#list(request, 'trigger', 'triggers', namespace);
    }
    const path = entityPath(namespace, rest);
    allow(request, ['PUT', 'GET', 'DELETE', 'POST']);
    if (request.method === 'POST') this.#throttleFire(path);
    this.#own(namespace, path);
    switch (request.method) {
      case 'PUT':
        return this.#putTrigger(request, path);
      case 'POST':
        return this.#fire(request, path);
      case 'DELETE': {
        const trigger = this.#entities.get('trigger', path);
        this.#entities.delete(path);
        return ok(triggerJson(trigger));
      }
      default:
        return ok(triggerJson(this.#entities.get('trigger', path)));
    }
  }

  #throttleFire(path: string): void {
    const { limits, faults } = this.#options;
    const refused = faults.refuse?.(path);
    if (refused === 503) throw new Reject(503, messages.SERVICE_UNAVAILABLE);
    const count = this.#fires.check() ?? (refused === 429 ? limits.firesPerMinute + 1 : undefined);
    if (count !== undefined) throw new Reject(429, messages.tooManyRequests(count, limits.firesPerMinute));
  }

  #putTrigger(request: Request, path: string): Answer {
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
      name: path.slice(path.lastIndexOf('/') + 1),
      namespace: parentOf(path),
      parameters: put.parameters ?? old?.parameters ?? [],
      publish: put.publish ?? old?.publish ?? false,
      ...(old?.rules === undefined ? {} : { rules: old.rules }),
      updated: Math.floor(now()),
      version: put.version ?? (old === undefined ? '0.0.1' : nextVersion(old.version)),
    };
    this.#entities.put('trigger', trigger);
    return ok(triggerJson(trigger));
  }

  #fire(request: Request, path: string): Answer {
    const { namespace, now } = this.#options;
    this.#checkPayload(request);
    const payload = decodePayload(decodeBody(request.body));
    const trigger = this.#entities.get('trigger', path);
    const rules = Object.entries(trigger.rules ?? {});
    if (!rules.some(([, link]) => link.status === 'active')) return { status: 204 };
    const id = activationId();
    const start = Math.floor(now());
    const args = { ...toObject(trigger.parameters), __ow_headers: forwardedHeaders(request.headers), ...payload };
    Promise.all(
      rules.map(([rule, link]) =>
        this.#activateRule(rule, pathOf({ namespace: link.action.path, name: link.action.name }), link.status, args),
      ),
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

  /** The controller invokes a rule's action through its own API, throttles and all. The result is one line of the trigger's log. */
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
      this.#throttleInvocation(action);
      this.#resolver.entitle(action);
      const resolved = this.#resolver.resolve(action);
      this.#checkInvocable(resolved, args);
      const { activationId: id } = await this.#sessions.invoke(resolved, args, undefined, this.#options.now());
      return line(RULE_SUCCESS, { activationId: id });
    } catch (error) {
      if (!(error instanceof Reject)) return line(RULE_WHISK_ERROR, { error: messages.INTERNAL_SERVER_ERROR });
      return line(error.status >= 500 ? RULE_WHISK_ERROR : RULE_APPLICATION_ERROR, { error: error.message });
    }
  }

  // Rules

  #rules(request: Request, namespace: string, rest: readonly string[]): Answer {
    if (isCollection(rest)) {
      allow(request, ['GET']);
      this.#own(namespace, namespace);
      return this.#list(request, 'rule', 'rules', namespace);
    }
    const path = entityPath(namespace, rest);
    allow(request, ['PUT', 'GET', 'DELETE', 'POST']);
    this.#own(namespace, path);
    switch (request.method) {
      case 'PUT':
        return this.#putRule(request, path);
      case 'POST':
        return this.#setRuleStatus(request, path);
      case 'DELETE': {
        const rule = this.#entities.get('rule', path);
        this.#unlink(rule.trigger, path);
        this.#entities.delete(path);
        return ok(ruleJson(rule, 'inactive'));
      }
      default: {
        const rule = this.#entities.get('rule', path);
        return ok(ruleJson(rule, this.#ruleStatus(rule.trigger, path)));
      }
    }
  }

  #putRule(request: Request, path: string): Answer {
    const { limits, namespace, now } = this.#options;
    const put = decodeRulePut(decodeBody(request.body), namespace, limits);
    if (put.trigger !== undefined) this.#own(rootOf(put.trigger.path), `${put.trigger.path}/${put.trigger.name}`);
    if (put.action !== undefined) this.#resolver.entitle(`${put.action.path}/${put.action.name}`);
    const old = this.#entities.find('rule', path);
    if (old !== undefined && !booleanParameter(request.query, 'overwrite', false)) {
      throw new Reject(409, messages.RESOURCE_EXISTS);
    }
    const triggerReference = put.trigger ?? old?.trigger;
    const action = put.action ?? old?.action;
    if (triggerReference === undefined || action === undefined) throw new Reject(400, messages.RULE_INCOMPLETE);
    const status = old === undefined ? 'active' : this.#ruleStatus(old.trigger, path);
    const triggerPath = `${triggerReference.path}/${triggerReference.name}`;
    const trigger = exists(() => this.#entities.get('trigger', triggerPath), messages.triggerDoesNotExist(triggerPath));
    const actionPath = `${action.path}/${action.name}`;
    exists(() => this.#resolver.resolve(actionPath), messages.actionDoesNotExist(actionPath));
    if (old !== undefined && pathOfReference(old.trigger) !== triggerPath) this.#unlink(old.trigger, path);
    const rule: Rule = {
      action,
      annotations: put.annotations ?? old?.annotations ?? [],
      name: path.slice(path.lastIndexOf('/') + 1),
      namespace: parentOf(path),
      publish: put.publish ?? old?.publish ?? false,
      trigger: triggerReference,
      updated: Math.floor(now()),
      version: put.version ?? (old === undefined ? '0.0.1' : nextVersion(old.version)),
    };
    this.#entities.put('trigger', { ...trigger, rules: { ...trigger.rules, [path]: { action, status } } });
    this.#entities.put('rule', rule);
    return ok(ruleJson(rule, status));
  }

  #setRuleStatus(request: Request, path: string): Answer {
    const status = decodeRuleStatus(decodeBody(request.body));
    const rule = this.#entities.get('rule', path);
    if (this.#ruleStatus(rule.trigger, path) === status) return { status: 200 };
    const trigger = this.#findTrigger(rule.trigger);
    if (trigger === undefined) throw new Reject(404, messages.RULE_NEEDS_TRIGGER);
    this.#entities.put('trigger', { ...trigger, rules: { ...trigger.rules, [path]: { action: rule.action, status } } });
    return { status: 200 };
  }

  #ruleStatus(trigger: Reference, rulePath: string): RuleStatus {
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
      // The name belongs to something else now.
      if (error instanceof Reject) return undefined;
      throw error;
    }
  }

  // Activations and limits

  #activationRecords(request: Request, namespace: string, rest: readonly string[]): Answer {
    if (isCollection(rest)) {
      allow(request, ['GET']);
      this.#own(namespace, namespace);
      return this.#listActivations(request);
    }
    const [id = '', part, ...more] = rest;
    if (more.length > 0 || !['', 'logs', 'result', undefined].includes(part)) throw new Reject(404, messages.NOT_FOUND);
    allow(request, ['GET']);
    if (id.length !== 32) throw new Reject(400, messages.activationIdLength(id.length));
    if (!/^[0-9a-f]+$/.test(id)) throw new Reject(400, messages.ACTIVATION_ID_ILLEGAL);
    this.#own(namespace, `${namespace}/${id}`);
    const activation = this.#activations.get(id);
    if (activation === undefined) throw new Reject(404, messages.RESOURCE_DOES_NOT_EXIST);
    if (part === 'logs') return ok({ logs: [...activation.logs] });
    if (part === 'result') return ok(responseJson(activation.response));
    return ok(activationJson(activation));
  }

  #listActivations({ query }: Request): Answer {
    const list = listParameters(query, 'activations');
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

  #limits(request: Request, namespace: string, rest: readonly string[]): Answer {
    if (!isCollection(rest)) throw new Reject(404, messages.NOT_FOUND);
    allow(request, ['GET']);
    this.#own(namespace, namespace);
    const { limits } = this.#options;
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

  // All

  #list(request: Request, type: EntityType, collection: string, path: string): Answer {
    const list = listParameters(request.query, collection);
    return listAnswer(this.#entities.list(type, path), list, collection, (each) => summaryJson(type, each));
  }

  #own(namespace: string, path: string): void {
    if (namespace !== this.#options.namespace) throw new Reject(403, messages.notAuthorized(path));
  }
}

/** Finds actions through packages and bindings, and says who may use them. */
export class Resolver {
  readonly #entities: EntityStore;
  readonly #namespace: string;

  constructor(entities: EntityStore, namespace: string) {
    this.#entities = entities;
    this.#namespace = namespace;
  }

  /** The action of a path with the parameters of its package and binding. @throws {Reject} 404, 409 */
  resolve(path: string): ResolvedAction {
    const packagePath = packageOf(path);
    if (packagePath === undefined) return withRevision(this.#entities.get('action', path));
    const resolved = this.#entities.resolvePackage(packagePath);
    const action = this.#entities.get('action', `${pathOf(resolved)}/${path.slice(packagePath.length + 1)}`);
    const merged = { ...action, parameters: mergeKeyValues(resolved.parameters, action.parameters) };
    return withRevision(merged, pathOf(resolved) === packagePath ? undefined : packagePath);
  }

  /** The path with its package's binding followed. @throws {Reject} 404, 409 */
  actionPath(path: string): string {
    const packagePath = packageOf(path);
    if (packagePath === undefined) return path;
    return `${pathOf(this.#entities.resolvePackage(packagePath))}/${path.slice(packagePath.length + 1)}`;
  }

  /** May the namespace's owner read and invoke this action? @throws {Reject} 403, 404, 409 */
  entitle(path: string): void {
    const packagePath = packageOf(path);
    if (packagePath !== undefined) this.entitlePackage(packagePath);
    else if (rootOf(path) !== this.#namespace) throw new Reject(403, messages.notAuthorized(path));
  }

  /** Its own, or a published one, through a binding too. @throws {Reject} 403, 404, 409 */
  entitlePackage(path: string, named = path): void {
    const own = rootOf(path) === this.#namespace;
    let found: Package;
    try {
      found = this.#entities.get('package', path);
    } catch (error) {
      if (own) throw error;
      throw new Reject(403, messages.notAuthorized(named));
    }
    if (found.binding !== undefined && own) this.entitlePackage(pathOf(found.binding), named);
    else if (!own && !(found.publish && found.binding === undefined))
      throw new Reject(403, messages.notAuthorized(named));
  }

  /** Whether an action is still stored as it was resolved. */
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

/** `namespace/package` of `namespace/package/action`. */
function packageOf(path: string): string | undefined {
  const parent = parentOf(path);
  return parent.includes('/') ? parent : undefined;
}

const STATUS_OF_RESPONSE = {
  success: 200,
  'application error': 502,
  'action developer error': 502,
  'whisk internal error': 500,
} as const;

function isCollection(rest: readonly string[]): boolean {
  return rest.length === 0 || (rest.length === 1 && rest[0] === '');
}

function entityPath(namespace: string, rest: readonly string[]): string {
  const [name = '', ...more] = rest;
  if (more.length > 0) throw new Reject(404, messages.NOT_FOUND);
  return `${namespace}/${checkName(name)}`;
}

function allow(request: Request, methods: readonly string[]): void {
  if (!methods.includes(request.method)) throw new Reject(405, messages.methodNotAllowed(methods));
}

function exists<T>(get: () => T, message: string): T {
  try {
    return get();
  } catch (error) {
    if (error instanceof Reject && error.status === 404) throw new Reject(400, message);
    throw error;
  }
}

function pathOfReference({ path, name }: Reference): string {
  return `${path}/${name}`;
}

/** `amendAnnotations`. */
function amendAnnotations(annotations: readonly KeyValue[], exec: Exec, create: boolean): KeyValue[] {
  const key = 'provide-api-key';
  const withKey: readonly KeyValue[] =
    create && findValue(annotations, key) === undefined ? [...annotations, { key, value: false }] : annotations;
  return mergeKeyValues(withKey, [{ key: 'exec', value: exec.kind }]);
}

/** `makeWhiskAction`, `updateWhiskAction`: a sequence's components stand in for its parameters, which never leak to other kinds. */
function actionParameters(
  exec: Exec | undefined,
  given: readonly KeyValue[] | undefined,
  old: Action | undefined,
): readonly KeyValue[] {
  if (exec !== undefined && 'components' in exec) return [{ key: '_actions', value: [...exec.components] }];
  if (exec === undefined && old !== undefined && isSequence(old.exec)) return old.parameters;
  return given ?? (old === undefined || isSequence(old.exec) ? [] : old.parameters);
}

function waitParameter(query: URLSearchParams, maxMs: number): number {
  const value = query.get('timeout');
  if (value === null) return maxMs;
  const ms = /^[+-]?\d{1,9}$/.test(value) ? Number(value) : 0;
  if (ms > 0 && ms <= maxMs) return ms;
  throw new Reject(400, messages.queryMalformed('timeout', messages.invalidTimeout(maxMs)));
}

function nameParameter(query: URLSearchParams): string | undefined {
  const value = query.get('name');
  if (value === null || value.trim() === '') return undefined;
  const parts = pathParts(value);
  if (parts !== undefined && parts.length <= 2) return parts.join('/');
  throw new Reject(400, messages.queryMalformed('name', messages.badNameFilter(value)));
}

function instantParameter(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (/^[+-]?\d{1,18}$/.test(value)) return Number(value);
  throw new Reject(400, messages.queryMalformed(name, messages.badEpoch(value)));
}

/** What a fired action sees of the request. Unlike OpenWhisk, without the caller's key: it would end up in records. */
function forwardedHeaders(headers: Readonly<Record<string, string>>): JsonObject {
  const { authorization: _, 'content-type': __, 'content-length': ___, ...rest } = headers;
  return rest;
}
