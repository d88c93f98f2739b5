/** Runs one activation of an action in a container and writes its record: ContainerProxy.scala, `initializeAndRun`. */

import { toJson } from '../../base/json.ts';
import type { ActionCode } from '../containers/action-code.ts';
import type { Container } from '../containers/container.ts';
import { formatLogLine } from '../containers/container-logs.ts';
import type { ContainerPool, Lease } from '../containers/container-pool.ts';
import type { Initializer, ProxyReply, Runtimes } from '../containers/runtimes.ts';
import type { Activation, ActivationStore } from './activation-store.ts';
import {
  type Action,
  type BlackboxExec,
  type BoundValue,
  type CodeExec,
  defined,
  isTruthy,
  pathOf,
} from './entities.ts';
import type { ActivationFault, Faults } from './faults.ts';
import { activationId, transactionId } from './ids.ts';
import { isObject, type Json, type JsonObject } from './json-values.ts';
import { kindOf } from './kinds.ts';
import * as messages from './messages.ts';
import type { NamespaceLimits } from './namespace-limits.ts';
import { developerError, initResponse, type Response, runResponse, whiskError } from './response.ts';

const MIB = 1024 * 1024;

/** An action with the parameters of its package and binding merged in. */
export interface ResolvedAction {
  readonly action: Action;
  /** The binding through which it was found. */
  readonly binding?: string;
  /** Changes with every update. */
  readonly revision: string;
}

export interface ActivationRequest {
  readonly resolved: ResolvedAction;
  readonly args: Json;
  readonly cause: string | undefined;
  /** Start of the request, or of the part of the session that needs this activation; ms since 1970. */
  readonly requestedAt: number;
}

export interface StartedActivation {
  readonly activationId: string;
  /** The record without logs, as returned to a waiting caller. */
  readonly done: Promise<Activation>;
}

export interface InvokerOptions {
  readonly namespace: string;
  readonly auth: string;
  readonly limits: NamespaceLimits;
  readonly images: Readonly<Record<string, string>>;
  readonly faults: Faults;
  readonly now: () => number;
  readonly apiHost: () => string;
  /** Whether the action is still stored in this version; only then is its container kept warm. */
  readonly isCurrent: (resolved: ResolvedAction) => boolean;
}

interface Outcome {
  readonly response: Response;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly initMs: number | undefined;
  readonly runAt: number;
  readonly timedOut: boolean;
  readonly container: Container | undefined;
  readonly logLine: string | undefined;
}

export class Invoker {
  readonly #pool: ContainerPool;
  readonly #runtimes: Runtimes;
  readonly #store: ActivationStore;
  readonly #options: InvokerOptions;
  readonly #inFlight = new Set<Promise<unknown>>();
  #ordinal = 0;

  constructor(pool: ContainerPool, runtimes: Runtimes, store: ActivationStore, options: InvokerOptions) {
    this.#pool = pool;
    this.#runtimes = runtimes;
    this.#store = store;
    this.#options = options;
  }

  /** Number of accepted activations that have not ended, for the concurrency throttle. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Settles when all accepted activations have ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
  }

  start(invocation: ActivationRequest): StartedActivation {
    const id = activationId();
    const { action } = invocation.resolved;
    this.#ordinal += 1;
    const fault = this.#options.faults.activation?.({
      action: pathOf(action),
      activationId: id,
      cause: invocation.cause,
      ordinal: this.#ordinal,
    });
    const done = this.#activate(id, invocation, fault);
    this.#inFlight.add(done);
    const ended = () => this.#inFlight.delete(done);
    done.then(ended, ended);
    if (fault === undefined || !('drop' in fault)) return { activationId: id, done };
    return { activationId: id, done: new Promise(() => {}) };
  }

  async #activate(id: string, invocation: ActivationRequest, fault: ActivationFault | undefined): Promise<Activation> {
    const { action, revision } = invocation.resolved;
    const lease = await this.#pool.acquire(pathOf(action), revision, action.limits.memory);
    let keep = false;
    try {
      const outcome = await this.#execute(id, invocation, lease, fault);
      const { response } = outcome;
      const developerFailure = response.status === 'action developer error';
      const logs = await this.#logs(outcome, developerFailure, action.limits.logs * MIB);
      const record = this.#record(id, invocation, outcome);
      this.#store.put({ ...record, logs: logs.lines });
      keep = !developerFailure && response.status !== 'whisk internal error' && !logs.truncated;
      return record;
    } finally {
      lease.release(keep && this.#options.isCurrent(invocation.resolved));
    }
  }

  async #execute(
    id: string,
    invocation: ActivationRequest,
    lease: Lease,
    fault: ActivationFault | undefined,
  ): Promise<Outcome> {
    const { now, limits } = this.#options;
    const { action } = invocation.resolved;
    const timeoutMs = action.limits.timeout;
    const logLimitBytes = action.limits.logs * MIB;
    const environment = this.#environment(id, action);
    const { env, args } = partition(invocation.args, action.parameters);
    const startedAt = now();
    let { container } = lease;
    let initMs: number | undefined;

    const failed = (response: Response, timedOut = false, logLine?: string): Outcome => {
      const endedAt = now();
      return { response, startedAt, endedAt, initMs, runAt: startedAt, timedOut, container, logLine };
    };
    if (fault !== undefined && 'start' in fault) return failed(developerError(fault.start));
    if (container === undefined) {
      const initializer = this.#initializer(action, {
        ...env,
        ...asVariables({ ...environment, deadline: deadline(now(), timeoutMs) }),
      });
      if (initializer === undefined) {
        return failed(developerError(messages.imagePullFailed((action.exec as BlackboxExec).image)));
      }
      let initialized: Awaited<ReturnType<Runtimes['initialize']>>;
      try {
        initialized = await this.#runtimes.initialize(initializer, timeoutMs, logLimitBytes);
      } catch {
        return failed(whiskError('Failed to provision resources to run the action.'));
      }
      container = initialized.container;
      lease.fill(container);
      initMs = Math.round(now() - startedAt);
      const { reply, logLine } = initialized;
      if (reply.kind !== 'replied' || reply.status !== 200) {
        return failed(initResponse(reply, timeoutMs, limits.payloadBytes), reply.kind === 'timed-out', logLine);
      }
      container.continueLogs();
    } else {
      container.beginLogs(logLimitBytes);
    }

    const runAt = now();
    const message = { value: args, ...environment, deadline: deadline(runAt, timeoutMs) };
    const reply = await this.#run(container, this.#language(action), message, timeoutMs, fault);
    const endedAt = now();
    const response = runResponse(reply, timeoutMs, limits.payloadBytes, limits.truncationBytes);
    return {
      response,
      startedAt,
      endedAt,
      initMs,
      runAt,
      timedOut: reply.kind === 'timed-out',
      container,
      logLine: undefined,
    };
  }

  async #run(
    container: Container,
    language: ActionCode['language'],
    message: JsonObject,
    timeoutMs: number,
    fault: ActivationFault | undefined,
  ): Promise<ProxyReply> {
    const kill = fault !== undefined && 'kill' in fault ? fault : undefined;
    let killed = false;
    const end = () => {
      killed = true;
      container.kill();
    };
    if (kill?.kill === 'before') end();
    const timer = kill?.kill === 'during' ? setTimeout(end, kill.afterMs) : undefined;
    const reply = await this.#runtimes.run(container, language, message, timeoutMs);
    clearTimeout(timer);
    if (kill?.kill === 'after') end();
    // The proxy dies with its container, so its answer is lost.
    return killed ? { kind: 'exited' } : reply;
  }

  async #logs(
    outcome: Outcome,
    developerFailure: boolean,
    limitBytes: number,
  ): Promise<{ lines: string[]; truncated: boolean }> {
    const { container, logLine } = outcome;
    const { now } = this.#options;
    // A failed container is stopped before its log is read, because nothing can follow the warning.
    if (developerFailure) container?.kill();
    // ContainerProxy.scala: a limit of 0 skips log collection, so that the container is free immediately.
    if (limitBytes === 0) return { lines: [], truncated: false };
    const { lines, truncated } = container === undefined ? { lines: [], truncated: false } : await container.endLogs();
    if (logLine !== undefined) lines.push(formatLogLine(now(), 'stderr', logLine));
    if (truncated) lines.push(formatLogLine(now(), 'stderr', messages.logsTruncated(limitBytes)));
    if (developerFailure) lines.push(formatLogLine(now(), 'stderr', messages.LOG_WARNING_DEVELOPER_ERROR));
    return { lines, truncated };
  }

  /** What an action knows about its activation: `__OW_…` variables. */
  #environment(id: string, action: Action): Record<string, string> {
    const { namespace, auth } = this.#options;
    // Without the annotation the key is provided, for actions older than the annotation. New actions have it set to
    // false.
    const withKey = isTruthy(action.annotations, 'provide-api-key', true);
    return {
      ...(withKey ? { api_key: auth } : {}),
      namespace,
      action_name: `/${pathOf(action)}`,
      action_version: action.version,
      activation_id: id,
      transaction_id: transactionId(),
    };
  }

  #initializer(action: Action, env: Record<string, string>): Initializer | undefined {
    const exec = action.exec as CodeExec | BlackboxExec;
    const kind = kindOf(exec, this.#options.images);
    if (kind === undefined) return undefined;
    return {
      code: { language: kind.language, text: exec.code ?? '', binary: exec.binary },
      main: exec.main ?? 'main',
      env: { ...env, __OW_API_HOST: this.#options.apiHost() },
    };
  }

  #language(action: Action): ActionCode['language'] {
    const exec = action.exec as CodeExec | BlackboxExec;
    return kindOf(exec, this.#options.images)?.language ?? 'node';
  }

  #record(id: string, { resolved, cause, requestedAt }: ActivationRequest, outcome: Outcome): Activation {
    const { namespace } = this.#options;
    const { action, binding } = resolved;
    const { response, startedAt, endedAt, initMs, runAt, timedOut } = outcome;
    const durationMs = Math.round(endedAt - runAt) + (initMs ?? 0);
    const start = initMs === undefined ? Math.floor(runAt) : Math.floor(endedAt) - durationMs;
    const annotations = defined({
      causedBy: cause === undefined ? undefined : 'sequence',
      path: pathOf(action),
      waitTime: Math.max(0, Math.round((initMs === undefined ? runAt : startedAt) - requestedAt)),
      kind: action.exec.kind,
      timeout: timedOut,
      limits: action.limits as unknown as JsonObject,
      initTime: initMs,
      binding,
    });
    return {
      activationId: id,
      annotations: Object.entries(annotations).map(([key, value]) => ({ key, value: value as Json })),
      ...(cause === undefined ? {} : { cause }),
      duration: durationMs,
      end: start + durationMs,
      logs: [],
      name: action.name,
      namespace,
      publish: false,
      response,
      start,
      subject: namespace,
      version: action.version,
    };
  }
}

function deadline(nowMs: number, timeoutMs: number): string {
  return String(Math.round(nowMs + timeoutMs));
}

/** Parameters with `init` become environment variables; the others become arguments. */
function partition(args: Json, parameters: readonly BoundValue[]): { env: Record<string, string>; args: Json } {
  const initKeys = new Set(parameters.filter((each) => each.init).map((each) => each.key));
  if (initKeys.size === 0 || !isObject(args)) return { env: {}, args };
  const env: Record<string, string> = {};
  const rest: JsonObject = {};
  for (const [key, value] of Object.entries(args)) {
    if (!initKeys.has(key)) rest[key] = value;
    else env[key] = typeof value === 'string' ? value : value === null ? '' : toJson(value);
  }
  return { env, args: rest };
}

function asVariables(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([key, value]) => [`__OW_${key.toUpperCase()}`, value]));
}
