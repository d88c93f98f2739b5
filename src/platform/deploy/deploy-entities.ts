import { PUBLIC_KEY, TLS } from '../../compiler/composition.ts';
import type { Bundle } from '../../contract/manifest.ts';
import type { Plan } from '../../contract/plan.ts';
import type { StoreSettings } from '../../contract/records.ts';
import type { ActionDocument, KeyValue } from '../openwhisk/client.ts';
import type { ClusterInfo } from '../openwhisk/cluster.ts';
import type { Trust } from '../openwhisk/whisk-settings.ts';
import type { Secrets } from './bind-secrets.ts';
import { capLimits, type LimitedAction, stepsWithProfile } from './check-limits.ts';
import { nodeKind, pythonKind } from './choose-kind.ts';
import { hashOf, type Owner, ownerAnnotation } from './owner.ts';
import { publicKeyOf } from './sealing-key.ts';

interface Owned {
  name: string;
  annotations: KeyValue[];
  /** Hash of everything below. */
  hash: string;
}

export type PlannedEntity = (Owned & { type: 'package' }) | (Owned & { type: 'action'; body: ActionDocument });

export interface EntityOptions {
  bundle: Bundle;
  cluster: ClusterInfo;
  /** The zip of the step actions. */
  stepZip: Uint8Array;
  /** Bound to the step actions only (I6). */
  store: StoreSettings;
  /** Name of the layer with the wheels of each profile that has one. */
  layers: ReadonlyMap<string, string>;
  /** The flow's secrets, each bound to the actions whose steps name it. */
  secrets: Secrets;
  /** Key of the hashes: the OpenWhisk key. */
  hashKey: string;
  /** How conductors check OpenWhisk's certificate. */
  trust: Trust;
  /** The owner of the runs for Metaflow, whose client only shows users their own runs (`user:` tags) by default. */
  user: string | undefined;
  /** The previously deployed version; some of its runs might not be in any index yet. */
  previous: string | undefined;
}

type Body = Omit<ActionDocument, 'annotations'>;

/** Everything a flow deploys, ordered so that references exist; what clients invoke comes last. */
export function plannedEntities(options: EntityOptions): { entities: PlannedEntity[]; warnings: string[] } {
  const { bundle, cluster, stepZip, store, layers, secrets, hashKey, trust, user, previous } = options;
  const { manifest, plan } = bundle;
  const warnings: string[] = [];
  const limitsOf = (action: LimitedAction) => {
    const { memoryMB, timeLimitMs, logsMB, ...capped } = capLimits(action, cluster, plan);
    warnings.push(...capped.warnings);
    return { timeout: timeLimitMs, memory: memoryMB, logs: logsMB };
  };
  const own = (entity: { name: string; annotations: KeyValue[]; body?: Body }, more: Owner) => {
    const hash = hashOf(entity, hashKey);
    const annotations = [...entity.annotations, ownerAnnotation({ flow: manifest.flow, hash, ...more })];
    return { name: entity.name, annotations, hash };
  };
  const version = manifest.flowVersion;
  const action = (name: string, annotations: KeyValue[], body: Body, more: Owner = { version }): PlannedEntity => {
    const owned = own({ name, annotations, body }, more);
    return { ...owned, type: 'action', body: { ...body, annotations: owned.annotations } };
  };
  const nodeExec = (file: string) => ({
    kind: nodeKind(cluster.kinds),
    code: text(bundle, file)
      .replaceAll(PUBLIC_KEY, () => publicKeyOf(plan.flow, store))
      .replaceAll(TLS, Buffer.from(JSON.stringify(trust)).toString('base64')),
  });

  const parametersOf = (profile: string): KeyValue[] => {
    const layer = layers.get(profile);
    const bound = secretsOf(profile, plan, secrets);
    return [
      { key: 'store', value: store },
      ...(user === undefined ? [] : [{ key: 'user', value: user }]),
      ...(layer === undefined ? [] : [{ key: 'layer', value: layer }]),
      ...(bound === undefined ? [] : [{ key: 'secrets', value: bound }]),
    ];
  };
  const stepCode = { code: Buffer.from(stepZip).toString('base64'), binary: true };
  const kind = pythonKind(cluster.kinds);
  const noKey: KeyValue = { key: 'provide-api-key', value: false };
  const wait = (): PlannedEntity => {
    const { name, file } = manifest.wait;
    const body = { exec: nodeExec(file), parameters: [], limits: limitsOf(manifest.wait) };
    return action(`${manifest.package}/${name}`, [noKey], body, {});
  };
  const exec = manifest.sequence
    ? { kind: 'sequence', components: manifest.sequence.map((name) => `/_/${name}`) }
    : nodeExec(manifest.conductor.file);
  const conductor: Body = { exec, parameters: [], limits: limitsOf(manifest.conductor) };
  // It launches sessions, and executes nothing of the user's.
  const withKey: KeyValue = { key: 'provide-api-key', value: true };
  const conducts = manifest.sequence ? [] : [{ key: 'conductor', value: true }, withKey, ...trustAnnotation(trust)];
  const entities: PlannedEntity[] = [
    { ...own({ name: manifest.package, annotations: [] }, {}), type: 'package' },
    ...manifest.steps.map((step) =>
      action(`${manifest.package}/${step.name}`, [noKey], {
        exec: step.image === undefined ? { kind, ...stepCode } : { kind: 'blackbox', image: step.image, ...stepCode },
        parameters: parametersOf(step.profile),
        limits: limitsOf(step),
      }),
    ),
    ...(manifest.sequence ? [] : [wait()]),
    action(`${manifest.package}/${manifest.conductor.versioned}`, conducts, conductor),
    action(manifest.conductor.name, conducts, conductor, { version, ...(previous !== undefined && { previous }) }),
  ];
  return { entities, warnings };
}

/** Records on the action which certificates it accepts, unless the system's authorities decide. */
export function trustAnnotation({ insecure, ca }: Trust): KeyValue[] {
  if (insecure) return [{ key: 'nuvopipe-tls', value: 'insecure' }];
  return ca === undefined ? [] : [{ key: 'nuvopipe-tls', value: 'cafile' }];
}

/** Those that steps of the profile name. */
function secretsOf(profile: string, plan: Plan, secrets: Secrets): Secrets | undefined {
  const names = new Set(stepsWithProfile(profile, plan).flatMap((step) => plan.steps[step]?.secrets ?? []));
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
