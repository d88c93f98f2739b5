/**
 * Invokes actions: simple ones, sequences (SequenceActions.scala) and compositions (PrimitiveActions.scala), with the
 * same accounting, records and error messages. Sessions exist in memory only, as in a controller.
 */

import { toJson } from '../../base/json.ts';
import type { Activation, ActivationStore } from './activation-store.ts';
import { type Action, type BoundValue, isSequence, isTruthy, pathOf, toObject } from './entities.ts';
import { resolveComponentName } from './entity-names.ts';
import type { Faults } from './faults.ts';
import { activationId } from './ids.ts';
import type { Invoker, ResolvedAction } from './invoker.ts';
import { isObject, type Json, type JsonObject } from './json-values.ts';
import * as messages from './messages.ts';
import type { NamespaceLimits } from './namespace-limits.ts';
import { Reject } from './reject.ts';
import { applicationError, type Response, whiskError } from './response.ts';

/** A started activation; it has a record if it ended while its caller was waiting. */
export interface Invoked {
  readonly activationId: string;
  readonly activation?: Activation;
}

export interface SessionsOptions {
  readonly namespace: string;
  readonly limits: NamespaceLimits;
  readonly faults: Faults;
  readonly now: () => number;
  /** The action of a path. @throws {Reject} 404 */
  readonly resolve: (path: string) => ResolvedAction;
  /** @throws {Reject} 403 */
  readonly entitle: (path: string) => void;
}

/** Shared by a composition and the compositions it calls, because the limit applies to all of them together. */
interface Accounting {
  components: number;
  conductors: number;
}

interface Session {
  readonly activationId: string;
  readonly start: number;
  readonly resolved: ResolvedAction;
  readonly cause: string | undefined;
  readonly accounting: Accounting;
  readonly logs: string[];
  durationMs: number;
  maxMemoryMb: number;
  state: JsonObject | undefined;
}

interface SequenceAccounting {
  atomicActions: number;
  /** Enclosing sequences. */
  readonly depth: number;
  response: Response;
  readonly logs: string[];
  durationMs: number;
  maxMemoryMb: number | undefined;
}

/**
 * Not a limit of OpenWhisk: a changed binding can create a cycle of sequences without a countable action. Nobody
 * nests this deeply.
 */
const MAX_SEQUENCE_DEPTH = 200;
/** The enclosing sequences of a top-level sequence. */
const NO_SEQUENCE = { atomicActions: 0, depth: 0 };

export class Sessions {
  readonly #invoker: Invoker;
  readonly #store: ActivationStore;
  readonly #options: SessionsOptions;

  constructor(invoker: Invoker, store: ActivationStore, options: SessionsOptions) {
    this.#invoker = invoker;
    this.#store = store;
    this.#options = options;
  }

  /** @param waitMs how long the caller waits for the record; undefined: not at all */
  async invoke(
    resolved: ResolvedAction,
    payload: JsonObject | undefined,
    waitMs: number | undefined,
    requestedAt: number,
  ): Promise<Invoked> {
    const { action } = resolved;
    if (isSequence(action.exec)) {
      const { id, done } = this.#sequence(resolved, payload, undefined, true, NO_SEQUENCE, requestedAt);
      return within(
        id,
        done.then(([activation]) => activation),
        waitMs,
      );
    }
    if (isTruthy(action.annotations, 'conductor')) {
      const { id, done } = this.#composition(resolved, payload, undefined, undefined, requestedAt);
      return within(id, done, waitMs);
    }
    const { activationId: id, done } = this.#simple(resolved, payload, undefined, requestedAt);
    return within(id, done, waitMs);
  }

  #simple(resolved: ResolvedAction, payload: Json | undefined, cause: string | undefined, requestedAt: number) {
    const parameters = toObject(resolved.action.parameters);
    const args = Array.isArray(payload) ? payload : isObject(payload) ? { ...parameters, ...payload } : parameters;
    return this.#invoker.start({ resolved, args, cause, requestedAt });
  }

  /** Wait for a component or conductor: its time limit plus a grace period. */
  #component(resolved: ResolvedAction, payload: Json | undefined, cause: string): Promise<Invoked> {
    const { activationId: id, done } = this.#simple(resolved, payload, cause, this.#options.now());
    return within(id, done, resolved.action.limits.timeout + this.#options.limits.componentGraceMs);
  }

  // Compositions

  #composition(
    resolved: ResolvedAction,
    payload: Json | undefined,
    cause: string | undefined,
    accounting: Accounting | undefined,
    requestedAt: number,
  ): { id: string; done: Promise<Activation> } {
    const session: Session = {
      activationId: activationId(),
      start: this.#options.now(),
      resolved,
      cause,
      accounting: accounting ?? { components: 0, conductors: 0 },
      logs: [],
      durationMs: 0,
      maxMemoryMb: resolved.action.limits.memory,
      state: undefined,
    };
    const done = this.#conduct(payload, session).then((response) => {
      const { action, binding } = resolved;
      const annotations: JsonObject = {
        ...(cause === undefined ? {} : { causedBy: 'sequence' }),
        topmost: cause === undefined,
        path: pathOf(action),
        waitTime: Math.max(0, Math.round(session.start - requestedAt)),
        conductor: true,
        kind: 'sequence',
        limits: limitsAnnotation(action, session.maxMemoryMb),
        ...(binding === undefined ? {} : { binding }),
      };
      return this.#complete(
        session.activationId,
        action,
        session.start,
        cause,
        response,
        session.logs,
        session.durationMs,
        annotations,
      );
    });
    return { id: session.activationId, done };
  }

  /** `invokeConductor`: one call of the conductor and what it requests. */
  async #conduct(payload: Json | undefined, session: Session): Promise<Response> {
    const { limits, faults, namespace } = this.#options;
    const { accounting } = session;
    const dropped = faults.dropSession?.({
      action: pathOf(session.resolved.action),
      activationId: session.activationId,
      components: accounting.components,
    });
    if (dropped === true) return new Promise(() => {});
    if (accounting.conductors > 2 * limits.sequenceLength) return applicationError(messages.COMPOSITION_TOO_LONG);

    const params = isObject(payload) ? { ...payload, ...session.state } : undefined;
    accounting.conductors += 1;
    const called = await this.#wait(session, this.#component(session.resolved, params, session.activationId));
    if (!('activationId' in called)) return called;

    const result = resultObject(called);
    const nextParams = boxed(result.params, 'value');
    session.state = boxed(result.state, 'state');
    const next = result.action;
    if (next === undefined) {
      return { status: called.response.status, result: nextParams ?? result };
    }
    const path = resolveComponentName(next, namespace);
    if (path === undefined) return this.#conduct({ error: messages.componentInvalid(toJson(next)) }, session);
    if (accounting.components >= limits.sequenceLength)
      return this.#conduct({ error: messages.COMPOSITION_TOO_LONG }, session);
    return this.#tryNext(path, nextParams, session);
  }

  /**
   * `tryInvokeNext`. As in the original, any failure while the component or anything after it runs is reported as a
   * failed resolution, and later failures as failed entitlement.
   */
  async #tryNext(path: string, params: JsonObject | undefined, session: Session): Promise<Response> {
    try {
      this.#options.entitle(path);
      try {
        return await this.#invokeComponent(this.#options.resolve(path), params, session);
      } catch {
        return await this.#conduct({ error: messages.componentNotFound(path) }, session);
      }
    } catch {
      return this.#conduct({ error: messages.componentNotAccessible(path) }, session);
    }
  }

  async #invokeComponent(
    resolved: ResolvedAction,
    params: JsonObject | undefined,
    session: Session,
  ): Promise<Response> {
    const { action } = resolved;
    const { accounting, activationId: cause } = session;
    let invoked: Promise<Invoked>;
    if (isSequence(action.exec)) {
      accounting.components += 1;
      const { id, done } = this.#sequence(resolved, params, cause, false, NO_SEQUENCE, this.#options.now());
      invoked = done.then(([activation]) => ({ activationId: id, activation }));
    } else if (isTruthy(action.annotations, 'conductor')) {
      const { id, done } = this.#composition(resolved, params, cause, accounting, this.#options.now());
      invoked = done.then((activation) => ({ activationId: id, activation }));
    } else {
      accounting.components += 1;
      invoked = this.#component(resolved, params, cause);
    }
    const activation = await this.#wait(session, invoked);
    if (!('activationId' in activation)) return activation;
    return this.#conduct(resultObject(activation), session);
  }

  /** `waitForActivation`: the record, or the response that ends the session if there is none. */
  async #wait(session: Session, invoked: Promise<Invoked>): Promise<Activation | Response> {
    let ended: Invoked;
    try {
      ended = await invoked;
    } catch {
      return whiskError(messages.COMPOSITION_FAILED);
    }
    session.logs.push(ended.activationId);
    const { activation } = ended;
    if (activation === undefined) return whiskError(messages.compositionTimeout(ended.activationId));
    session.durationMs += activation.duration ?? 0;
    session.maxMemoryMb = Math.max(session.maxMemoryMb, memoryOf(activation) ?? 0);
    return activation;
  }

  // Sequences

  #sequence(
    resolved: ResolvedAction,
    payload: Json | undefined,
    cause: string | undefined,
    topmost: boolean,
    outer: Pick<SequenceAccounting, 'atomicActions' | 'depth'>,
    requestedAt: number,
  ): { id: string; done: Promise<[activation: Activation, atomicActions: number]> } {
    const id = activationId();
    const start = this.#options.now();
    const done = this.#components(resolved, payload, id, outer).then((accounting): [Activation, number] => {
      const { action, binding } = resolved;
      const annotations: JsonObject = {
        ...(topmost ? {} : { causedBy: 'sequence' }),
        topmost,
        path: pathOf(action),
        waitTime: Math.max(0, Math.round(start - requestedAt)),
        kind: 'sequence',
        ...(accounting.maxMemoryMb === undefined ? {} : { limits: limitsAnnotation(action, accounting.maxMemoryMb) }),
        ...(binding === undefined ? {} : { binding }),
      };
      const { response, logs, durationMs } = accounting;
      const activation = this.#complete(
        id,
        action,
        start,
        topmost ? undefined : cause,
        response,
        logs,
        durationMs,
        annotations,
      );
      return [activation, accounting.atomicActions];
    });
    return { id, done };
  }

  async #components(
    { action }: ResolvedAction,
    payload: Json | undefined,
    cause: string,
    outer: Pick<SequenceAccounting, 'atomicActions' | 'depth'>,
  ): Promise<SequenceAccounting> {
    const { limits } = this.#options;
    const accounting: SequenceAccounting = {
      atomicActions: outer.atomicActions,
      depth: outer.depth + 1,
      response: { status: 'application error', result: payload ?? {} },
      logs: [],
      durationMs: 0,
      maxMemoryMb: undefined,
    };
    const fail = (response: Response): SequenceAccounting => ({ ...accounting, response });
    const components = 'components' in action.exec ? action.exec.components : [];
    for (const component of components) {
      if (accounting.atomicActions >= limits.sequenceLength || accounting.depth > MAX_SEQUENCE_DEPTH) {
        return fail(applicationError(messages.SEQUENCE_TOO_LONG));
      }
      let resolved: ResolvedAction;
      try {
        resolved = this.#options.resolve(component.slice(1));
      } catch (error) {
        if (error instanceof Reject && error.status === 404) {
          return fail(applicationError(messages.SEQUENCE_COMPONENT_NOT_FOUND));
        }
        throw error;
      }
      let ended: Invoked;
      try {
        ended = await this.#nextOfSequence(resolved, accounting, cause);
      } catch {
        return fail(whiskError(messages.SEQUENCE_FAILED));
      }
      accounting.logs.push(ended.activationId);
      const { activation } = ended;
      if (activation === undefined) return fail(whiskError(messages.sequenceTimeout(ended.activationId)));
      accounting.durationMs += activation.duration ?? 0;
      accounting.maxMemoryMb = Math.max(accounting.maxMemoryMb ?? 0, memoryOf(activation) ?? 0);
      accounting.response =
        accounting.atomicActions > limits.sequenceLength
          ? applicationError(messages.SEQUENCE_TOO_LONG)
          : activation.response;
      // An error result ends the sequence, unless it was passed in by the caller.
      const { result } = accounting.response;
      if (isObject(result) && result.error !== undefined) return accounting;
    }
    return accounting;
  }

  async #nextOfSequence(resolved: ResolvedAction, accounting: SequenceAccounting, cause: string): Promise<Invoked> {
    const { action } = resolved;
    const previous = accounting.response.result;
    const input = typeof previous === 'object' && previous !== null ? previous : undefined;
    if (isSequence(action.exec)) {
      const { id, done } = this.#sequence(resolved, input, cause, false, accounting, this.#options.now());
      const [activation, atomicActions] = await done;
      accounting.atomicActions = atomicActions;
      return { activationId: id, activation };
    }
    if (isTruthy(action.annotations, 'conductor')) {
      const { id, done } = this.#composition(resolved, input, cause, undefined, this.#options.now());
      const activation = await done;
      accounting.atomicActions += 1;
      return { activationId: id, activation };
    }
    const ended = await this.#component(resolved, input, cause);
    accounting.atomicActions += 1;
    return ended;
  }

  // Both

  #complete(
    id: string,
    action: Action,
    startMs: number,
    cause: string | undefined,
    response: Response,
    logs: readonly string[],
    durationMs: number,
    annotations: JsonObject,
  ): Activation {
    const { namespace, now } = this.#options;
    const activation: Activation = {
      activationId: id,
      annotations: Object.entries(annotations).map(([key, value]): BoundValue => ({ key, value })),
      ...(cause === undefined ? {} : { cause }),
      duration: durationMs,
      end: Math.floor(now()),
      logs,
      name: action.name,
      namespace,
      publish: false,
      response,
      start: Math.floor(startMs),
      subject: namespace,
      version: action.version,
    };
    this.#store.put(activation);
    return activation;
  }
}

/** The record, if it arrives in time. Later ones are still stored. */
async function within(id: string, done: Promise<Activation>, waitMs: number | undefined): Promise<Invoked> {
  if (waitMs === undefined) {
    done.catch(() => {});
    return { activationId: id };
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, waitMs, undefined);
    timer.unref();
  });
  try {
    const activation = await Promise.race([done, late]);
    return activation === undefined ? { activationId: id } : { activationId: id, activation };
  } finally {
    clearTimeout(timer);
    done.catch(() => {});
  }
}

/** `resultAsJson`: an array or nothing is an error to the caller. */
function resultObject(activation: Activation): JsonObject {
  const { result } = activation.response;
  if (!isObject(result)) throw new Error(messages.OBJECT_EXPECTED);
  return result;
}

function boxed(value: Json | undefined, field: string): JsonObject | undefined {
  if (value === undefined) return undefined;
  return isObject(value) ? value : { [field]: value };
}

function limitsAnnotation(action: Action, memoryMb: number): JsonObject {
  return { concurrency: 1, logs: action.limits.logs, memory: memoryMb, timeout: action.limits.timeout };
}

function memoryOf(activation: Activation): number | undefined {
  const limits = activation.annotations.find((each) => each.key === 'limits')?.value;
  return isObject(limits) && typeof limits.memory === 'number' ? limits.memory : undefined;
}
