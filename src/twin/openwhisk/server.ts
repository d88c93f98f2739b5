/**
 * An OpenWhisk-compatible server for one namespace: Apache OpenWhisk's REST API with its limits, records and
 * messages, and one local process per container. It is a twin for development; clusters run Apache OpenWhisk.
 */

import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { toJson } from '../../base/json.ts';
import { listen } from '../../base/listen.ts';
import {
  isOfThisMachine,
  LOOPBACK,
  NOT_OF_THIS_MACHINE,
  readRequestBody,
  SERVER_TIMEOUTS,
  urlOf,
} from '../../base/loopback.ts';
import { type ActionCode, CodeCache } from '../containers/action-code.ts';
import { ContainerPool, DEFAULT_IDLE_TIMEOUT_MS } from '../containers/container-pool.ts';
import { type RuntimeOptions, Runtimes } from '../containers/runtimes.ts';
import { ActivationStore } from './activation-store.ts';
import { Alarms } from './alarms/alarms.ts';
import { type AlarmClock, SYSTEM_CLOCK } from './alarms/clock.ts';
import { ALARMS_WEB_PATH, provideAlarmFeeds } from './alarms/feeds.ts';
import { Api } from './api/api.ts';
import { Entitlement } from './api/entitlement.ts';
import { Resolver } from './api/resolver.ts';
import { isSequence } from './entities.ts';
import { EntityStore } from './entity-store.ts';
import type { Faults } from './faults.ts';
import { isSameSecret } from './generated-key.ts';
import { transactionId } from './ids.ts';
import { Invoker } from './invoker.ts';
import type { Json } from './json-values.ts';
import { kindOf, runtimesInformation } from './kinds.ts';
import * as messages from './messages.ts';
import { DEFAULT_LIMITS, type NamespaceLimits } from './namespace-limits.ts';
import { Reject } from './reject.ts';
import { type ApiAnswer, type ApiRequest, ok } from './request.ts';
import { Sessions } from './sessions.ts';
import { provideSystemPackages } from './system-packages.ts';

/**
 * Memory of all containers: enough for the activations that the throttle allows at once, with default memory, plus
 * two conductors. With less, the lanes of a wide foreach would evict each other's warm containers at every step.
 */
const DEFAULT_POOL_MEMORY_MB = (DEFAULT_LIMITS.concurrentInvocations + 2) * DEFAULT_LIMITS.memoryMb.std;
const MIB = 1024 * 1024;

export interface WhiskTwinOptions {
  /** Default: 0, any free port. */
  readonly port?: number;
  /** Where entities, activations and unpacked code are stored. */
  readonly stateDir: string;
  /** `uuid:key`, as in `.wskprops`. */
  readonly auth: string;
  readonly namespace?: string;
  readonly runtimes: RuntimeOptions;
  /** Kinds that replace blackbox images here; `*` for all others. */
  readonly images?: Readonly<Record<string, string>>;
  readonly limits?: Partial<NamespaceLimits>;
  readonly poolMemoryMb?: number;
  readonly idleTimeoutMs?: number;
  /** `/whisk.system/utils/echo` and `cat`, which Apache OpenWhisk's standalone server lacks. */
  readonly systemPackages?: boolean;
  /** `/whisk.system/alarms` and its clock. Apache OpenWhisk's standalone server lacks it. */
  readonly alarms?: { readonly clock?: AlarmClock };
  /** ms since 1970; the clock of throttles and records. */
  readonly clock?: () => number;
  readonly faults?: Faults;
}

export interface WhiskTwin {
  /** The API host: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  readonly namespace: string;
  /** Number of containers. */
  containers(): { busy: number; idle: number; queued: number };
  /** Number of alarms that are set. */
  activeAlarms(): number;
  /** Stops the server and all containers. */
  close(): Promise<void>;
}

/** @throws {UserError} `port-taken` */
export async function startWhisk(options: WhiskTwinOptions): Promise<WhiskTwin> {
  const { stateDir, namespace = 'guest', faults = {} } = options;
  const limits: NamespaceLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const now = options.clock ?? preciseNow;
  mkdirSync(stateDir, { recursive: true });
  const entities = new EntityStore(join(stateDir, 'entities'));
  const activations = new ActivationStore(join(stateDir, 'activations.jsonl'));
  if (options.systemPackages) provideSystemPackages(entities, now());
  if (options.alarms !== undefined) provideAlarmFeeds(entities, now());
  const codes = new CodeCache(join(stateDir, 'code'));
  await codes.prune(deployedCode(entities, options.images ?? {}));
  const pool = new ContainerPool({
    memoryMb: options.poolMemoryMb ?? DEFAULT_POOL_MEMORY_MB,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
  });
  // One byte more than allowed, to detect results that are too long.
  const runtimes = new Runtimes(options.runtimes, codes, limits.payloadBytes + MIB, preciseNow);
  const resolver = new Resolver(entities);
  const entitlement = new Entitlement(entities, namespace);
  let url = '';
  const invoker = new Invoker(pool, runtimes, activations, {
    namespace,
    auth: options.auth,
    limits,
    images: options.images ?? {},
    faults,
    now,
    apiHost: () => url,
    isCurrent: (resolved) => resolver.isCurrent(resolved),
  });
  const sessions = new Sessions(invoker, activations, {
    namespace,
    limits,
    faults,
    now,
    resolve: (path) => resolver.resolve(path),
    entitle: (path) => entitlement.entitle(path),
  });
  const api = new Api(entities, activations, invoker, sessions, resolver, entitlement, {
    namespace,
    limits,
    faults,
    now,
    onActionChanged: (path) => pool.retire(path),
  });
  const alarms =
    options.alarms &&
    new Alarms({
      path: join(stateDir, 'alarms.json'),
      clock: options.alarms.clock ?? SYSTEM_CLOCK,
      namespace,
      auth: options.auth,
      request: (method, segments, body) => requestWithin(api, now(), method, [namespace, ...segments], body),
    });
  const router = new Router(api, alarms, { auth: options.auth, namespace, limits, now });
  const server = createServer(SERVER_TIMEOUTS, (request, response) => router.serve(request, response));
  server.keepAliveTimeout = 60_000;
  const port = await listen(server, options.port ?? 0, 'the OpenWhisk server');
  url = `http://${LOOPBACK}:${port}`;
  await alarms?.start();
  let closing: Promise<void> | undefined;
  return {
    url,
    port,
    namespace,
    containers: () => pool.counts,
    activeAlarms: () => alarms?.count ?? 0,
    close: () => {
      closing ??= (async () => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        alarms?.close();
        // First, so that killed activations leave no record, as when a controller stops.
        activations.close();
        pool.close();
        runtimes.close();
        await invoker.idle();
        await closed;
      })();
      return closing;
    },
  };
}

/** With a fraction, so that log lines of the same millisecond stay in order. */
function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

function deployedCode(entities: EntityStore, images: Readonly<Record<string, string>>): ActionCode[] {
  const codes: ActionCode[] = [];
  for (const { exec } of entities.actions()) {
    if (isSequence(exec) || exec.code === undefined) continue;
    const kind = kindOf(exec, images);
    if (kind !== undefined) codes.push({ language: kind.language, text: exec.code, binary: exec.binary });
  }
  return codes;
}

/** A request of the server to itself, without HTTP. */
async function requestWithin(
  api: Api,
  nowMs: number,
  method: string,
  segments: readonly string[],
  body?: Json,
): Promise<ApiAnswer> {
  const text = body === undefined ? '' : toJson(body);
  const bodyBytes = Buffer.byteLength(text);
  const query = new URLSearchParams();
  try {
    return await api.handle({ method, query, headers: {}, body: text, bodyBytes, receivedAt: nowMs }, segments);
  } catch (error) {
    const { status, message } = rejection(error);
    return { status, body: { error: message } };
  }
}

function rejection(error: unknown): Reject {
  return error instanceof Reject ? error : new Reject(500, messages.INTERNAL_SERVER_ERROR);
}

interface RouterOptions {
  readonly auth: string;
  readonly namespace: string;
  readonly limits: NamespaceLimits;
  readonly now: () => number;
}

/** HTTP: authentication, sizes, and errors as JSON. */
class Router {
  readonly #api: Api;
  readonly #alarms: Alarms | undefined;
  readonly #options: RouterOptions;
  readonly #credentials: Buffer;

  constructor(api: Api, alarms: Alarms | undefined, options: RouterOptions) {
    this.#api = api;
    this.#alarms = alarms;
    this.#options = options;
    this.#credentials = Buffer.from(options.auth);
  }

  async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const code = transactionId();
    const headers = { 'X-Request-ID': code };
    incoming.on('error', () => {});
    outgoing.on('error', () => {});
    if (!isOfThisMachine(incoming)) {
      send(outgoing, { status: 403, body: { error: NOT_OF_THIS_MACHINE, code } }, { ...headers, Connection: 'close' });
      return;
    }
    try {
      // Text that exceeds the maximum string length fails here.
      send(outgoing, await this.#answer(incoming), { ...headers, ...CORS_HEADERS });
    } catch (error) {
      const { status, message } = rejection(error);
      const challenge = status === 401 ? AUTHENTICATION_CHALLENGE : {};
      send(outgoing, { status, body: { error: message, code } }, { ...headers, ...CORS_HEADERS, ...challenge });
    }
  }

  async #answer(incoming: IncomingMessage): Promise<ApiAnswer> {
    const receivedAt = this.#options.now();
    const method = incoming.method ?? 'GET';
    const url = urlOf(incoming);
    if (url === undefined) throw new Reject(400, messages.TARGET_ILLEGAL);
    const segments = decodeSegments(url.pathname);
    if (method === 'OPTIONS') return { status: 200 };
    const [first, version, collection, ...rest] = segments;
    if (isEnd(segments) && method === 'GET') return ok(this.#information());
    if (first !== 'api' || version !== 'v1') throw new Reject(404, messages.NOT_FOUND);
    if (isEnd(segments.slice(2)) && method === 'GET') return ok(API_INFORMATION);
    if (this.#alarms !== undefined && method === 'POST' && segments.slice(2).join('/') === ALARMS_WEB_PATH) {
      // A web action: its arguments identify the caller.
      return this.#alarms.handle(await this.#alarmArguments(incoming));
    }
    // No action is exported as a web action here.
    if (collection === 'web') throw new Reject(404, messages.RESOURCE_DOES_NOT_EXIST);
    this.#authenticate(incoming.headers.authorization);
    if (collection !== 'namespaces') throw new Reject(404, messages.NOT_FOUND);
    if (isEnd(rest)) {
      if (method !== 'GET') throw new Reject(405, messages.methodNotAllowed(['GET']));
      return ok([this.#options.namespace]);
    }
    const body = await readRequestBody(incoming, this.#options.limits.requestBytes);
    // The answer of OpenWhisk's HTTP library to requests that are too large.
    if (body === undefined) throw new Reject(500, messages.INTERNAL_SERVER_ERROR);
    const contentType = incoming.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    if (body.length > 0 && contentType !== 'application/json')
      throw new Reject(415, messages.CONTENT_TYPE_NOT_SUPPORTED);
    const request: ApiRequest = {
      method,
      query: url.searchParams,
      headers: incoming.headers as Record<string, string>,
      body: body.toString('utf8'),
      bodyBytes: body.length,
      receivedAt,
    };
    return this.#api.handle(request, rest);
  }

  /** The caller is not authenticated yet, so no more than a feed's arguments is read. */
  async #alarmArguments(incoming: IncomingMessage): Promise<string> {
    const { payloadBytes } = this.#options.limits;
    const body = await readRequestBody(incoming, payloadBytes);
    if (body !== undefined) return body.toString('utf8');
    const bytes = Number(incoming.headers['content-length'] ?? payloadBytes + 1);
    throw new Reject(413, messages.tooBig('Request', bytes, payloadBytes));
  }

  #authenticate(header: string | undefined): void {
    const match = /^Basic +(\S+)$/i.exec(header ?? '');
    if (match === null) throw new Reject(401, messages.AUTHENTICATION_MISSING);
    const given = Buffer.from(match[1] ?? '', 'base64');
    if (isSameSecret(given, this.#credentials)) return;
    throw new Reject(401, messages.AUTHENTICATION_INVALID);
  }

  /** Controller.scala, `info`. Sizes are bytes, durations ms. */
  #information(): Json {
    const { limits } = this.#options;
    const { timeoutMs, memoryMb, logsMb } = limits;
    return {
      description: 'OpenWhisk',
      api_paths: ['/api/v1'],
      limits: {
        actions_per_minute: limits.invocationsPerMinute,
        triggers_per_minute: limits.firesPerMinute,
        concurrent_actions: limits.concurrentInvocations,
        sequence_length: limits.sequenceLength,
        default_min_action_duration: timeoutMs.min,
        default_max_action_duration: timeoutMs.max,
        default_min_action_memory: memoryMb.min * MIB,
        default_max_action_memory: memoryMb.max * MIB,
        default_min_action_logs: logsMb.min * MIB,
        default_max_action_logs: logsMb.max * MIB,
      },
      runtimes: runtimesInformation() as Json,
    };
  }
}

/** RestAPIs.scala, `info`. */
const API_INFORMATION: Json = {
  description: 'OpenWhisk API',
  api_version: '1.0.0',
  api_version_path: 'v1',
  build: 'local',
  buildno: 'local',
};

const AUTHENTICATION_CHALLENGE = { 'WWW-Authenticate': 'Basic realm="OpenWhisk secure realm",charset=UTF-8' };

/** CorsSettings.scala. */
const CORS_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent',
  'Access-Control-Allow-Methods': 'GET, DELETE, POST, PUT, HEAD',
};

function decodeSegments(pathname: string): string[] {
  try {
    return pathname.slice(1).split('/').map(decodeURIComponent);
  } catch {
    throw new Reject(400, messages.NAME_ILLEGAL);
  }
}

function isEnd(segments: readonly string[]): boolean {
  return segments.length === 0 || (segments.length === 1 && segments[0] === '');
}

function send(outgoing: ServerResponse, answer: ApiAnswer, headers: Readonly<Record<string, string>>): void {
  const all: Record<string, string> = { ...headers, ...answer.headers };
  if (answer.body === undefined) {
    outgoing.writeHead(answer.status, all).end();
    return;
  }
  const body = Buffer.from(toJson(answer.body));
  all['Content-Type'] = 'application/json';
  all['Content-Length'] = String(body.length);
  outgoing.writeHead(answer.status, all).end(body);
}
