import { PUBLIC_KEY } from '../compile/sealing.ts';
import type { Bundle } from '../model/manifest.ts';
import type { Plan } from '../model/plan.ts';
import type { StoreSettings } from '../model/records.ts';
import type { ActionBody, KeyValue } from '../whisk/client.ts';
import type { ClusterInfo } from '../whisk/cluster.ts';
import { nodeKind, pythonKind } from './kinds.ts';
import { type ActionLimits, capLimits, stepsOf } from './limits.ts';
import { hashOf, ownerAnnotation } from './owner.ts';
import { publicKeyOf } from './sealing.ts';
import type { Secrets } from './secrets.ts';

interface Owned {
  name: string;
  annotations: KeyValue[];
  /** Over all of it. */
  hash: string;
}

export type PlannedEntity = (Owned & { type: 'package' }) | (Owned & { type: 'action'; body: ActionBody });

export interface EntityOptions {
  bundle: Bundle;
  cluster: ClusterInfo;
  /** The step actions' zip as it is to be deployed. */
  stepZip: Uint8Array;
  /** Bound to the step actions and to nothing else (I6). */
  store: StoreSettings;
  /** Name of the layer with its wheels, for each step action that has one. */
  layers: ReadonlyMap<string, string>;
  /** The flow's; each is bound to the actions whose steps name it. */
  secrets: Secrets;
  /** Of the hashes: the OpenWhisk key. */
  hashKey: string;
  /** Whose runs these are to Metaflow: its client shows a user their own (`user:` tags) unless asked otherwise. */
  user: string | undefined;
}

/** All that a flow is on a cluster, in the order in which each finds there what it refers to; the conductor comes last. */
export function plannedEntities(options: EntityOptions): { entities: PlannedEntity[]; warnings: string[] } {
  const { bundle, cluster, stepZip, store, layers, secrets, hashKey, user } = options;
  const { manifest, plan } = bundle;
  const warnings: string[] = [];
  const limitsOf = (action: string, wanted: ActionLimits) => {
    const { memoryMB, timeLimitMs, ...capped } = capLimits(action, wanted, cluster, plan);
    warnings.push(...capped.warnings);
    return { timeout: timeLimitMs, memory: memoryMB };
  };
  const own = (entity: { name: string; annotations: KeyValue[]; body?: Omit<ActionBody, 'annotations'> }) => {
    const hash = hashOf(entity, hashKey);
    const annotations = [...entity.annotations, ownerAnnotation({ flow: manifest.flow, hash })];
    return { name: entity.name, annotations, hash };
  };
  const action = (name: string, annotations: KeyValue[], body: Omit<ActionBody, 'annotations'>): PlannedEntity => {
    const owned = own({ name, annotations, body });
    return { ...owned, type: 'action', body: { ...body, annotations: owned.annotations } };
  };
  const nodeExec = (file: string) => ({
    kind: nodeKind(cluster.kinds),
    code: text(bundle, file).replaceAll(PUBLIC_KEY, () => publicKeyOf(plan.flow, store)),
  });

  const parametersOf = (step: string): KeyValue[] => {
    const layer = layers.get(step);
    const bound = secretsOf(step, plan, secrets);
    return [
      { key: 'store', value: store },
      ...(user === undefined ? [] : [{ key: 'user', value: user }]),
      ...(layer === undefined ? [] : [{ key: 'layer', value: layer }]),
      ...(bound === undefined ? [] : [{ key: 'secrets', value: bound }]),
    ];
  };
  const stepCode = { code: Buffer.from(stepZip).toString('base64'), binary: true };
  const kind = pythonKind(cluster.kinds);
  const conducted = (): PlannedEntity[] => [
    action(`${manifest.package}/${manifest.wait.name}`, [{ key: 'provide-api-key', value: false }], {
      exec: nodeExec(manifest.wait.file),
      parameters: [],
      limits: limitsOf(manifest.wait.name, manifest.wait),
    }),
    action(
      manifest.conductor.name,
      [
        { key: 'conductor', value: true },
        { key: 'provide-api-key', value: false },
      ],
      {
        exec: nodeExec(manifest.conductor.file),
        parameters: [],
        limits: limitsOf(manifest.conductor.name, manifest.conductor),
      },
    ),
  ];
  const sequence = (names: string[]): PlannedEntity =>
    action(manifest.conductor.name, [], {
      exec: { kind: 'sequence', components: names.map((name) => `/_/${name}`) },
      parameters: [],
      limits: limitsOf(manifest.conductor.name, manifest.conductor),
    });
  const entities: PlannedEntity[] = [
    { ...own({ name: manifest.package, annotations: [] }), type: 'package' },
    ...manifest.steps.map((step) =>
      action(`${manifest.package}/${step.name}`, [{ key: 'provide-api-key', value: true }], {
        exec: step.image === undefined ? { kind, ...stepCode } : { kind: 'blackbox', image: step.image, ...stepCode },
        parameters: parametersOf(step.name),
        limits: limitsOf(step.name, step),
      }),
    ),
    ...(manifest.sequence ? [sequence(manifest.sequence)] : conducted()),
  ];
  return { entities, warnings };
}

/** Those that a step of the action names, by name. */
function secretsOf(action: string, plan: Plan, secrets: Secrets): Secrets | undefined {
  const names = new Set(stepsOf(action, plan).flatMap((step) => plan.steps[step]?.secrets ?? []));
  return names.size === 0 ? undefined : Object.fromEntries([...names].sort().map((name) => [name, secrets[name]]));
}

function text(bundle: Bundle, file: string): string {
  return Buffer.from(content(bundle, file)).toString();
}

export function content(bundle: Bundle, file: string): Uint8Array {
  const bytes = bundle.files.get(file);
  if (bytes === undefined) throw new Error(`the bundle of ${bundle.manifest.flow} has no ${file}`);
  return bytes;
}
