/**
 * `/whisk.system/alarms` as created by its installer (installCatalog.sh): the actions that pass feed requests to the
 * service.
 */
import type { Action, BoundValue } from '../entities.ts';
import type { EntityStore } from '../entity-store.ts';
import type { Json } from '../json-values.ts';
import { DEFAULT_LIMITS } from '../namespace-limits.ts';

const NAMESPACE = 'whisk.system';
const PACKAGE = 'alarms';
/** Path of the package's web action below `/api/v1`. */
export const ALARMS_WEB_PATH = 'web/whisk.system/alarmsWeb/alarmWebAction';

interface Feed {
  readonly description: string;
  /** `true`: required. */
  readonly parameters: Readonly<Record<string, boolean>>;
  /** Bound to the action to tell the service which feed it is. */
  readonly bound?: string;
}

const FEEDS: Readonly<Record<string, Feed>> = {
  alarm: {
    description: 'Fire trigger when alarm occurs',
    parameters: { cron: true, timezone: false, startDate: false, stopDate: false, strict: false },
  },
  once: {
    description: 'Fire trigger once when alarm occurs',
    parameters: { date: true, deleteAfterFire: false },
    bound: 'fireOnce',
  },
  interval: {
    description: 'Fire trigger at specified interval',
    parameters: { minutes: true, startDate: false, stopDate: false },
    bound: 'isInterval',
  },
};

const CODE = `async function main(params) {
  if (!['CREATE', 'READ', 'UPDATE', 'DELETE'].includes(params.lifecycleEvent)) {
    return { error: 'unsupported lifecycleEvent' };
  }
  const response = await fetch(process.env.__OW_API_HOST + '/api/v1/${ALARMS_WEB_PATH}', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(params),
  });
  const body = await response.json();
  return response.ok ? body : { error: body };
}
`;

export function provideAlarmFeeds(entities: EntityStore, nowMs: number): void {
  const common = { version: '0.0.1', updated: Math.floor(nowMs) };
  entities.provide('package', {
    ...common,
    namespace: NAMESPACE,
    name: PACKAGE,
    publish: true,
    binding: undefined,
    annotations: [
      { key: 'description', value: 'Alarms and periodic utility' },
      { key: 'parameters', value: described({ trigger_payload: false }) },
    ],
    parameters: [{ key: 'trigger_payload', value: '' }],
  });
  for (const [name, { description, parameters, bound }] of Object.entries(FEEDS)) {
    const annotations: BoundValue[] = [
      { key: 'description', value: description },
      { key: 'parameters', value: described(parameters) },
      { key: 'feed', value: true },
      { key: 'provide-api-key', value: false },
      { key: 'exec', value: 'nodejs:20' },
    ];
    const action: Action = {
      ...common,
      namespace: `${NAMESPACE}/${PACKAGE}`,
      name,
      publish: false,
      exec: { kind: 'nodejs:20', code: CODE, binary: false },
      limits: {
        concurrency: DEFAULT_LIMITS.concurrency.std,
        logs: DEFAULT_LIMITS.logsMb.std,
        memory: DEFAULT_LIMITS.memoryMb.std,
        timeout: DEFAULT_LIMITS.timeoutMs.std,
      },
      annotations,
      parameters: bound === undefined ? [] : [{ key: bound, value: true }],
    };
    entities.provide('action', action);
  }
}

function described(parameters: Readonly<Record<string, boolean>>): Json {
  return Object.entries(parameters).map(([name, required]) => ({ name, required }));
}
