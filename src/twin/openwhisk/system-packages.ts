/** The few actions of `/whisk.system` that flows and documentation use. */
import type { Action } from './entities.ts';
import type { EntityStore } from './entity-store.ts';
import { DEFAULT_LIMITS, standardLimits } from './namespace-limits.ts';

const NAMESPACE = 'whisk.system';

const ACTIONS: Readonly<Record<string, string>> = {
  echo: 'function main(params) { return params || {}; }',
  cat: "function main(params) { return { payload: (params.lines || []).join('\\n') }; }",
};

export function provideSystemPackages(entities: EntityStore, nowMs: number): void {
  const updated = Math.floor(nowMs);
  const common = { version: '0.0.1', annotations: [], parameters: [], updated };
  entities.provide('package', { ...common, namespace: NAMESPACE, name: 'utils', publish: true, binding: undefined });
  for (const [name, code] of Object.entries(ACTIONS)) {
    const action: Action = {
      ...common,
      namespace: `${NAMESPACE}/utils`,
      name,
      publish: false,
      exec: { kind: 'nodejs:20', code, binary: false },
      limits: standardLimits(DEFAULT_LIMITS),
      annotations: [{ key: 'provide-api-key', value: false }],
    };
    entities.provide('action', action);
  }
}
