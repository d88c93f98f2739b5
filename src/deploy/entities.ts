import { createHash } from 'node:crypto';
import type { Bundle } from '../model/manifest.ts';
import type { StoreSettings } from '../model/records.ts';
import type { ActionBody, KeyValue } from '../whisk/client.ts';
import type { ClusterInfo } from '../whisk/cluster.ts';
import { nodeKind, pythonKind } from './kinds.ts';
import { type ActionLimits, capLimits } from './limits.ts';

/** Annotation that says whose an entity is and what was deployed: `{flow, hash}`. */
export const OWNER_ANNOTATION = 'nuvopipe';

interface Owned {
  name: string;
  annotations: KeyValue[];
  /** SHA-256 over all of it, hex. */
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
  /** Name of the layer with the flow's own wheels. */
  layer?: string | undefined;
  /** Whose runs these are to Metaflow: its client shows a user their own (`user:` tags) unless asked otherwise. */
  user: string | undefined;
}

/** All that a flow is on a cluster, in the order in which each finds there what it refers to; the conductor comes last. */
export function plannedEntities(options: EntityOptions): { entities: PlannedEntity[]; warnings: string[] } {
  const { bundle, cluster, stepZip, store, layer, user } = options;
  const { manifest, plan } = bundle;
  const warnings: string[] = [];
  const limitsOf = (action: string, wanted: ActionLimits) => {
    const { memoryMB, timeLimitMs, ...capped } = capLimits(action, wanted, cluster, plan);
    warnings.push(...capped.warnings);
    return { timeout: timeLimitMs, memory: memoryMB };
  };
  const own = (entity: { name: string; annotations: KeyValue[]; body?: Omit<ActionBody, 'annotations'> }) => {
    const hash = createHash('sha256').update(JSON.stringify(entity)).digest('hex');
    const annotations = [...entity.annotations, { key: OWNER_ANNOTATION, value: { flow: manifest.flow, hash } }];
    return { name: entity.name, annotations, hash };
  };
  const action = (name: string, annotations: KeyValue[], body: Omit<ActionBody, 'annotations'>): PlannedEntity => {
    const owned = own({ name, annotations, body });
    return { ...owned, type: 'action', body: { ...body, annotations: owned.annotations } };
  };
  const nodeExec = (file: string) => ({ kind: nodeKind(cluster.kinds), code: text(bundle, file) });

  const parameters = [
    { key: 'store', value: store },
    ...(user === undefined ? [] : [{ key: 'user', value: user }]),
    ...(layer === undefined ? [] : [{ key: 'layer', value: layer }]),
  ];
  const stepExec = { kind: pythonKind(cluster.kinds), code: Buffer.from(stepZip).toString('base64'), binary: true };
  const entities: PlannedEntity[] = [
    { ...own({ name: manifest.package, annotations: [] }), type: 'package' },
    ...manifest.steps.map((step) =>
      action(`${manifest.package}/${step.name}`, [{ key: 'provide-api-key', value: true }], {
        exec: stepExec,
        parameters,
        limits: limitsOf(step.name, step),
      }),
    ),
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
  return { entities, warnings };
}

function text(bundle: Bundle, file: string): string {
  return Buffer.from(content(bundle, file)).toString();
}

export function content(bundle: Bundle, file: string): Uint8Array {
  const bytes = bundle.files.get(file);
  if (bytes === undefined) throw new Error(`the bundle of ${bundle.manifest.flow} has no ${file}`);
  return bytes;
}
