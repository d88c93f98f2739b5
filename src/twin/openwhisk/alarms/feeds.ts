/** `/whisk.system/alarms`: the feed actions `alarm` and `interval`, which pass their arguments to the service. */
import type { Action, BoundValue } from '../entities.ts';
import type { EntityStore } from '../entity-store.ts';
import { DEFAULT_LIMITS, standardLimits } from '../namespace-limits.ts';

const NAMESPACE = 'whisk.system';
const PACKAGE = 'alarms';
/** Path of the package's web action below `/api/v1`. */
export const ALARMS_WEB_PATH = 'web/whisk.system/alarmsWeb/alarmWebAction';

/** Parameters bound to each feed, which tell the service which one it is. */
const FEEDS: Readonly<Record<string, readonly BoundValue[]>> = {
  alarm: [],
  interval: [{ key: 'isInterval', value: true }],
};

const CODE = `async function main(params) {
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
    annotations: [],
    parameters: [{ key: 'trigger_payload', value: '' }],
  });
  for (const [name, parameters] of Object.entries(FEEDS)) {
    const annotations: BoundValue[] = [
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
      limits: standardLimits(DEFAULT_LIMITS),
      annotations,
      parameters,
    };
    entities.provide('action', action);
  }
}
