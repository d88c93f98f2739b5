/**
 * The service behind the alarm feeds: it stores alarms and fires their triggers through the API, like any client.
 * Modelled on the provider of Apache OpenWhisk's alarms package (openwhisk-package-alarms), as far as clients use it.
 */

import { readFileSync } from 'node:fs';
import { writeFileAtomically } from '../../../base/atomic-file.ts';
import { parseJson, toJson } from '../../../base/json.ts';
import { decodeBody } from '../decode.ts';
import { isSameSecret } from '../generated-key.ts';
import { isObject, type Json, type JsonObject } from '../json-values.ts';
import { Reject } from '../reject.ts';
import { type ApiAnswer, ok } from '../request.ts';
import type { AlarmClock } from './clock.ts';
import { type AlarmSchedule, readSchedule, timeAfter } from './schedule.ts';

/** A refused fire is repeated over more than a minute, after which a throttled namespace can fire again. */
const FIRE_ATTEMPTS = 10;
const RETRY_DELAY_MS = 10_000;
const GONE = 404;
const AUTHENTICATION_FAILED = 'Trigger authentication request failed.';

/** A stored alarm. */
interface AlarmRecord {
  /** Its trigger's. */
  readonly name: string;
  readonly payload: Json;
  readonly schedule: AlarmSchedule;
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

  get count(): number {
    return this.#alarms.size;
  }

  /** Sets the stored alarms. Times missed in between are skipped. */
  async start(): Promise<void> {
    for (const alarm of [...this.#alarms.values()]) {
      const { status } = await this.#options.request('GET', ['triggers', alarm.name]);
      if (status === GONE) this.#delete(alarm.name);
      else this.#awaitNext(alarm);
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
    const { triggerName, lifecycleEvent, trigger_payload } = params;
    if (typeof triggerName !== 'string') throw new Reject(400, 'no trigger name parameter was provided');
    const name = triggerName.startsWith('/') ? triggerName.split('/').slice(2).join('/') : triggerName;
    await this.#authenticate(params.authKey, name, lifecycleEvent === 'DELETE');
    const alarm = this.#alarms.get(name);
    if (lifecycleEvent === 'CREATE') {
      const schedule = readSchedule(params, this.#clock.now());
      if (alarm !== undefined) throw new Reject(409, 'error creating alarm trigger.');
      this.#put({ name, payload: asPayload(trigger_payload), schedule });
      return { status: 'success' };
    }
    if (alarm === undefined) {
      throw new Reject(404, `could not find trigger /${this.#options.namespace}/${name} in the database`);
    }
    switch (lifecycleEvent) {
      case 'READ':
        return alarmJson(alarm, this.#options.namespace);
      case 'UPDATE': {
        const schedule = readSchedule({ ...scheduleParams(alarm.schedule), ...params }, this.#clock.now());
        this.#put({ name, payload: trigger_payload ? asPayload(trigger_payload) : alarm.payload, schedule });
        return { status: 'success' };
      }
      case 'DELETE':
        this.#delete(name);
        return { status: 'success' };
      default:
        throw new Reject(400, 'unsupported lifecycleEvent');
    }
  }

  /** `verifyTriggerAuth`: the key's owner has such a trigger. */
  async #authenticate(key: Json | undefined, name: string, mayBeGone: boolean): Promise<void> {
    const { auth, request } = this.#options;
    if (typeof key !== 'string' || !isSameSecret(Buffer.from(key), Buffer.from(auth)))
      throw new Reject(401, AUTHENTICATION_FAILED);
    const { status } = await request('GET', ['triggers', name]);
    if (status >= 400 && !(mayBeGone && status === GONE)) throw new Reject(status, AUTHENTICATION_FAILED);
  }

  #put(alarm: AlarmRecord): void {
    this.#stop(alarm.name);
    this.#alarms.set(alarm.name, alarm);
    this.#save();
    this.#awaitNext(alarm);
  }

  #awaitNext(alarm: AlarmRecord): void {
    this.#at(alarm.name, timeAfter(alarm.schedule, this.#clock.now()), () => {
      this.#awaitNext(alarm);
      return this.#fire(alarm, 1);
    });
  }

  /** @param attempt from 1 */
  async #fire(alarm: AlarmRecord, attempt: number): Promise<void> {
    const { name, payload } = alarm;
    const { status } = await this.#options.request('POST', ['triggers', name], payload);
    const isCurrent = this.#alarms.get(name) === alarm;
    if (!isCurrent || status < 400) return;
    if (status === GONE) this.#delete(name);
    else if (attempt < FIRE_ATTEMPTS) {
      this.#at(name, this.#clock.now() + RETRY_DELAY_MS, () => this.#fire(alarm, attempt + 1));
    }
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

  #save(): void {
    writeFileAtomically(this.#options.path, toJson([...this.#alarms.values()]));
  }
}

/** `constructObject`: a string becomes the payload's `payload`. */
function asPayload(value: Json | undefined): Json {
  return typeof value === 'string' ? { payload: value } : (value ?? {});
}

/** The arguments with which an alarm was created. */
function scheduleParams(schedule: AlarmSchedule): JsonObject {
  return 'cron' in schedule ? { ...schedule } : { minutes: schedule.minutes };
}

/** The answer to READ. */
function alarmJson({ name, payload, schedule }: AlarmRecord, namespace: string): JsonObject {
  return { config: { name, namespace, payload, ...scheduleParams(schedule) }, status: { active: true } };
}

/** An unreadable file counts as no alarms: otherwise the daemon could not start. */
function readAlarms(path: string): AlarmRecord[] {
  try {
    return (parseJson(readFileSync(path, 'utf8')) as AlarmRecord[]).filter(hasTime);
  } catch {
    return [];
  }
}

/** Whether an alarm can fire: an earlier version might have stored one of another kind. */
function hasTime({ schedule }: AlarmRecord): boolean {
  try {
    return Number.isFinite(timeAfter(schedule, 0));
  } catch {
    return false;
  }
}
