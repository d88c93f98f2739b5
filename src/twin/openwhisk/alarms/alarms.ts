/**
 * The service behind the alarm feeds: it stores alarms and fires their triggers through the API, like any client.
 * Modelled on the provider of Apache OpenWhisk's alarms package (openwhisk-package-alarms), with its answers, retries
 * and reasons to give up.
 */

import { readFileSync } from 'node:fs';
import { writeFileAtomically } from '../../../base/atomic-file.ts';
import { parseJson, toJson } from '../../../base/json.ts';
import { decodeBody } from '../decode.ts';
import { defined } from '../entities.ts';
import { lastOf } from '../entity-names.ts';
import { isSameSecret } from '../generated-key.ts';
import { isObject, type Json, type JsonObject } from '../json-values.ts';
import { Reject } from '../reject.ts';
import { type ApiAnswer, ok } from '../request.ts';
import type { AlarmClock } from './clock.ts';
import {
  type AlarmSchedule,
  type CronSchedule,
  createSchedule,
  nextTime,
  updateSchedule,
  whyOver,
} from './schedule.ts';

/** constants.js. */
const RETRY_ATTEMPTS = 10;
const RETRY_DELAY_MS = 1000;
/** utils.js, `shouldDisableTrigger`: errors that can be temporary. */
const PASSING_STATUSES = [408, 409, 429];
const TOO_MANY_REQUESTS = 429;
const AUTHENTICATION_FAILED = 'Trigger authentication request failed.';

interface Status {
  readonly active: boolean;
  /** ms since 1970. */
  readonly dateChanged: number;
  readonly reason?: { readonly kind: 'AUTO'; readonly statusCode?: number; readonly message: string };
}

/** A stored alarm. */
interface AlarmRecord {
  /** Its trigger's. */
  readonly name: string;
  readonly payload: Json;
  readonly schedule: AlarmSchedule;
  readonly status: Status;
  readonly triggersLeft?: number;
}

export interface AlarmsOptions {
  /** Where alarms are stored. */
  readonly path: string;
  readonly clock: AlarmClock;
  readonly namespace: string;
  readonly auth: string;
  /** A request to the API of the namespace. Error answers are answers, too. */
  readonly request: (method: string, segments: readonly string[], body?: Json) => Promise<ApiAnswer>;
}

export class Alarms {
  readonly #options: AlarmsOptions;
  readonly #clock: AlarmClock;
  /** Keyed by trigger name. */
  readonly #alarms = new Map<string, AlarmRecord>();
  /** Cancels the timers of an alarm: its next time and pending retries. */
  readonly #timers = new Map<string, Set<() => void>>();

  constructor(options: AlarmsOptions) {
    this.#options = options;
    this.#clock = options.clock;
    for (const alarm of readAlarms(options.path)) this.#alarms.set(alarm.name, alarm);
  }

  /** Number of alarms that are set. */
  get active(): number {
    return [...this.#alarms.values()].filter((each) => each.status.active).length;
  }

  /** Sets the stored alarms. Times missed in between are skipped. */
  async start(): Promise<void> {
    for (const alarm of [...this.#alarms.values()]) {
      if (!alarm.status.active) continue;
      const { status } = await this.#options.request('GET', ['triggers', alarm.name]);
      if (isLasting(status)) {
        const message = `Automatically disabled after receiving a ${status} status code on trigger initialization`;
        this.#disable(alarm, message, status);
      } else this.#set(alarm, 'initialization');
    }
  }

  close(): void {
    for (const name of this.#timers.keys()) this.#stop(name);
  }

  /** The web action invoked by the feed actions: alarmWebAction.js. @param body the feed action's arguments as JSON */
  async handle(body: string): Promise<ApiAnswer> {
    try {
      const params = decodeBody(body);
      return ok(await this.#answer(isObject(params) ? params : {}));
    } catch (error) {
      if (error instanceof Reject) return { status: error.status, body: { error: error.message } };
      throw error;
    }
  }

  async #answer(params: JsonObject): Promise<JsonObject> {
    const { triggerName, lifecycleEvent } = params;
    if (typeof triggerName !== 'string') throw new Reject(400, 'no trigger name parameter was provided');
    const name = triggerName.startsWith('/') ? triggerName.split('/').slice(2).join('/') : triggerName;
    if (lifecycleEvent === 'CREATE') {
      const nowMs = this.#clock.now();
      const schedule = createSchedule(params, nowMs);
      await this.#authenticate(params.authKey, name);
      // Its document already exists.
      if (this.#alarms.has(name)) throw new Reject(409, 'error creating alarm trigger.');
      this.#put({
        name,
        payload: asPayload(params.trigger_payload) ?? {},
        schedule,
        status: { active: true, dateChanged: nowMs },
        ...('cron' in schedule && schedule.maxTriggers !== undefined ? { triggersLeft: schedule.maxTriggers } : {}),
      });
      return { status: 'success' };
    }
    await this.#authenticate(params.authKey, name, lifecycleEvent === 'DELETE');
    const alarm = this.#alarms.get(name);
    if (alarm === undefined) {
      throw new Reject(404, `could not find trigger /${this.#options.namespace}/${name} in the database`);
    }
    switch (lifecycleEvent) {
      case 'READ':
        return alarmJson(alarm, this.#options.namespace);
      case 'UPDATE':
        this.#update(alarm, params);
        return { status: 'success' };
      case 'DELETE':
        this.#delete(name);
        return { status: 'success' };
      default:
        throw new Reject(400, 'unsupported lifecycleEvent');
    }
  }

  /** `verifyTriggerAuth`: the key's owner has such a trigger. */
  async #authenticate(key: Json | undefined, name: string, mayBeGone = false): Promise<void> {
    const { auth, request } = this.#options;
    if (typeof key !== 'string' || !isSameSecret(Buffer.from(key), Buffer.from(auth)))
      throw new Reject(401, AUTHENTICATION_FAILED);
    const { status } = await request('GET', ['triggers', name]);
    if (status >= 400 && !(mayBeGone && status === 404)) throw new Reject(status, AUTHENTICATION_FAILED);
  }

  #update(alarm: AlarmRecord, params: JsonObject): void {
    const nowMs = this.#clock.now();
    const changes = updateSchedule(alarm.schedule, params, nowMs);
    const payload = params.trigger_payload ? asPayload(params.trigger_payload) : undefined;
    if (payload === undefined && Object.keys(changes).length === 0) {
      throw new Reject(400, 'no updatable parameters were specified');
    }
    this.#put({
      ...alarm,
      payload: payload ?? alarm.payload,
      schedule: { ...alarm.schedule, ...changes } as AlarmSchedule,
      status: { active: true, dateChanged: nowMs },
    });
  }

  // Time

  #put(alarm: AlarmRecord): void {
    this.#stop(alarm.name);
    this.#keep(alarm);
    this.#set(alarm, 'creation');
  }

  #set(alarm: AlarmRecord, occasion: 'creation' | 'initialization'): void {
    if (this.#awaitNext(alarm)) return;
    const why = whyOver(alarm.schedule, this.#clock.now());
    this.#disable(alarm, `Automatically disabled after receiving error on trigger ${occasion}: ${why}`);
  }

  /** @returns whether it will fire again */
  #awaitNext({ name, schedule }: AlarmRecord): boolean {
    const timeMs = nextTime(schedule)(this.#clock.now());
    if (timeMs !== undefined) this.#at(name, timeMs, () => this.#ring(name));
    return timeMs !== undefined;
  }

  async #ring(name: string): Promise<void> {
    const alarm = this.#alarms.get(name);
    if (alarm === undefined) return;
    this.#awaitNext(alarm);
    await this.#fire(name, 0, 0);
  }

  /** `postTrigger`. @param retries so far @param throttled number of throttled attempts so far */
  async #fire(name: string, retries: number, throttled: number): Promise<void> {
    const alarm = this.#alarms.get(name);
    if (alarm === undefined) return;
    const { status } = await this.#options.request('POST', ['triggers', name], alarm.payload);
    // It was changed or deleted in the meantime.
    if (this.#alarms.get(name) !== alarm) return;
    if (status < 400) {
      await this.#handleFired(this.#countDown(alarm));
    } else if (isLasting(status)) {
      const problem = `Received a ${status} status code when firing the trigger`;
      this.#disable(alarm, `Trigger automatically disabled: ${problem}`, status);
    } else if (retries < RETRY_ATTEMPTS) {
      const throttledNow = status === TOO_MANY_REQUESTS ? throttled + 1 : throttled;
      const delayMs = Math.max(RETRY_DELAY_MS, 1000 * throttledNow ** 2);
      this.#at(name, this.#clock.now() + delayMs, () => this.#fire(name, retries + 1, throttledNow));
    } else if (throttled === RETRY_ATTEMPTS) {
      const message = 'Automatically disabled after continuously receiving a 429 status code when firing the trigger';
      this.#disable(alarm, message, TOO_MANY_REQUESTS);
    } else {
      await this.#handleFired(alarm);
    }
  }

  #countDown(alarm: AlarmRecord): AlarmRecord {
    if (alarm.triggersLeft === undefined) return alarm;
    const counted = { ...alarm, triggersLeft: alarm.triggersLeft - 1 };
    this.#keep(counted);
    return counted;
  }

  /** `handleFiredTrigger`: ends the alarm after its last time. */
  async #handleFired(alarm: AlarmRecord): Promise<void> {
    const { name, schedule } = alarm;
    if ('date' in schedule) {
      const { deleteAfterFire = 'false' } = schedule;
      if (deleteAfterFire === 'false') this.#disable(alarm, 'Automatically disabled after firing once');
      else return this.#deleteTrigger(name, deleteAfterFire === 'rules');
    } else if (alarm.triggersLeft !== undefined && alarm.triggersLeft <= 0) {
      this.#disable(alarm, 'Automatically disabled after reaching max triggers');
    } else if (nextTime(schedule)(this.#clock.now()) === undefined) {
      const kind = 'minutes' in schedule ? 'interval' : 'cron';
      this.#disable(alarm, `Automatically disabled after firing last scheduled ${kind} trigger`);
    }
  }

  /** Order of the sanitizer: first the alarm, then the trigger, then its rules. */
  async #deleteTrigger(name: string, withRules: boolean): Promise<void> {
    const { request } = this.#options;
    this.#delete(name);
    const { body } = await request('DELETE', ['triggers', name]);
    const rules = withRules && isObject(body) && isObject(body.rules) ? Object.keys(body.rules) : [];
    for (const rule of rules) await request('DELETE', ['rules', lastOf(rule)]);
  }

  #disable(alarm: AlarmRecord, message: string, statusCode?: number): void {
    this.#stop(alarm.name);
    const reason = defined({ kind: 'AUTO' as const, statusCode, message }) as NonNullable<Status['reason']>;
    this.#keep({ ...alarm, status: { active: false, dateChanged: this.#clock.now(), reason } });
  }

  #delete(name: string): void {
    this.#stop(name);
    this.#alarms.delete(name);
    this.#save();
  }

  #at(name: string, timeMs: number, run: () => Promise<void>): void {
    const timers = this.#timers.get(name) ?? new Set();
    this.#timers.set(name, timers);
    const cancel = this.#clock.at(timeMs, () => {
      timers.delete(cancel);
      return run();
    });
    timers.add(cancel);
  }

  #stop(name: string): void {
    for (const cancel of this.#timers.get(name) ?? []) cancel();
    this.#timers.delete(name);
  }

  #keep(alarm: AlarmRecord): void {
    this.#alarms.set(alarm.name, alarm);
    this.#save();
  }

  #save(): void {
    writeFileAtomically(this.#options.path, toJson([...this.#alarms.values()]));
  }
}

function isLasting(status: number): boolean {
  return status >= 400 && status < 500 && !PASSING_STATUSES.includes(status);
}

/** `constructObject`: text is the payload's `payload`. */
function asPayload(value: Json | undefined): Json | undefined {
  return typeof value === 'string' ? { payload: value } : (value ?? undefined);
}

/** The answer to READ. */
function alarmJson({ name, payload, schedule, status }: AlarmRecord, namespace: string): JsonObject {
  const { maxTriggers: _, ...shown } = schedule as CronSchedule;
  const dateChangedISO = `${new Date(status.dateChanged).toISOString().slice(0, 19)}Z`;
  return {
    config: { name, namespace, payload, strict: false, ...shown },
    status: { ...status, dateChangedISO },
  } as unknown as JsonObject;
}

/** An unreadable file counts as no alarms: otherwise the daemon could not start. */
function readAlarms(path: string): AlarmRecord[] {
  try {
    return parseJson(readFileSync(path, 'utf8')) as AlarmRecord[];
  } catch {
    return [];
  }
}
