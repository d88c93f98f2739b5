import { SystemError, UserError } from '../../base/errors.ts';
import { toJson } from '../../base/json.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import { mergeZips } from '../../base/zip.ts';
import { keys } from '../../contract/layout.generated.ts';
import type { Bundle } from '../../contract/manifest.ts';
import type { Plan } from '../../contract/plan.ts';
import type { Whisk } from '../openwhisk/client.ts';
import { trustOf } from '../openwhisk/whisk-settings.ts';
import type { Store } from '../s3/store.ts';
import { ensureLayers } from '../wheels/layer.ts';
import { vendoredRuntime } from '../wheels/vendor.ts';
import { refuseMissingSecrets, type Secrets } from './bind-secrets.ts';
import { namedSteps } from './check-limits.ts';
import { pythonKind, wheelTarget } from './choose-kind.ts';
import { content, type PlannedEntity, plannedEntities } from './deploy-entities.ts';
import { deployTriggers, foreignTriggers, presentTriggers } from './deploy-triggers.ts';
import type { DeployedEntity } from './deployed-entity.ts';
import { packagedActions, previousVersion, removeVersions } from './flow-versions.ts';
import { type Found, ownerOf, refuseForeign } from './owner.ts';
import { probeConditionalPut } from './probe.ts';
import { deploySweeper } from './sweeper.ts';

export interface BundleDeployOptions {
  bundle: Bundle;
  whisk: Whisk;
  store: Store;
  /** A Python interpreter with pip, for fetching packages. */
  python: string;
  /** Where the vendored runtime and the layers are cached. */
  home: string;
  /** True for clusters, whose Python has no Metaflow; false for the local platform. */
  vendored: boolean;
  /** The owner of the runs: see {@link metaflowUser}. */
  user: string | undefined;
  /** Values of the flow's secrets. */
  secrets?: Secrets;
  /** Whether to deploy triggers and the sweeper; otherwise they stay as they are. */
  triggers?: boolean;
  report: Progress;
}

export interface BundleDeployment {
  flow: string;
  apihost: string;
  namespace: string;
  entities: DeployedEntity[];
  /** Shared by all flows of the namespace and the datastore. */
  sweeper?: DeployedEntity[];
  warnings: string[];
}

const INSECURE_WARNING =
  'TLS certificates are not verified, here or by the deployed flow (--insecure, __OW_IGNORE_CERTS, or INSECURE_SSL in .wskprops); use --cafile to trust a private authority';

/**
 * Puts a bundle on an OpenWhisk. Doing it again is always safe: what is there already stays as it is.
 *
 * @throws UserError `missing-secrets` before anything is asked, if a step names one that is not given.
 * @throws UserError `name-taken` before anything is written, if a name belongs to somebody else.
 * @throws UserError or SystemError `deploy-incomplete` if it stopped in the middle; it says what was done.
 * @throws UserError or SystemError if all is deployed but what starts the flow; see {@link deployTriggers}.
 */
export async function deployBundle(options: BundleDeployOptions): Promise<BundleDeployment> {
  const { bundle, whisk, store, vendored, user, secrets = {}, report } = options;
  const { manifest, plan } = bundle;
  refuseMissingSecrets(plan, secrets);
  // First, because it also detects a wrong key or an unreachable host.
  const presentStarts = options.triggers ? await presentTriggers(whisk, manifest) : undefined;
  const present = await presentEntities(whisk, [
    { type: 'package', name: manifest.package },
    ...packagedActions(manifest).map((name) => ({ type: 'action' as const, name: `${manifest.package}/${name}` })),
    { type: 'action', name: manifest.conductor.name },
  ]);
  const foreign = [...present].filter(([, entity]) => ownerOf(entity).flow !== manifest.flow).map(([name]) => name);
  if (presentStarts) foreign.push(...foreignTriggers(presentStarts, manifest));
  refuseForeign(foreign, manifest.flow);

  const trust = trustOf(whisk.settings);
  const warnings = vendored ? await storeWarnings(store) : imageWarnings(bundle);
  if (trust.insecure) warnings.unshift(INSECURE_WARNING);
  const cluster = await whisk.clusterInfo();
  const target = vendored ? wheelTarget(pythonKind(cluster.kinds)) : 'native';
  const layers = await ensureLayers({ ...options, plan, target });
  const thinZip = content(bundle, 'step.zip');
  const stepZip = vendored ? mergeZips([thinZip, await vendoredRuntime(options)]) : thinZip;
  const hashKey = whisk.settings.auth;
  const previous = previousVersion(present.get(manifest.conductor.name), manifest);
  const planned = plannedEntities({
    ...{ bundle, cluster, stepZip, layers, secrets, hashKey, user, previous },
    trust,
    store: store.settings,
  });
  warnings.push(...planned.warnings);

  // Before anything can run that is of this version.
  warnings.push(...(await keepPlan(store, plan)));
  const entities = await write(whisk, planned.entities, present, report, manifest.flow);
  const removed = await removeVersions({ whisk, store, manifest, previous, report });
  entities.push(...removed.entities);
  warnings.push(...removed.warnings);
  const sweeper = options.triggers ? await sweeperOf(options) : undefined;
  warnings.push(...(sweeper?.warnings ?? []));
  for (const warning of warnings) report.line(`warning: ${warning}`);
  if (presentStarts) entities.push(...(await deployTriggers({ whisk, manifest, present: presentStarts, report })));
  const { apihost, namespace } = whisk.settings;
  return { flow: manifest.flow, apihost, namespace, entities, ...(sweeper && { sweeper: sweeper.entities }), warnings };
}

/** Keeps the plan beside the runs, for those who read them. The flow runs without it. */
async function keepPlan(store: Store, plan: Plan): Promise<string[]> {
  try {
    await store.put(keys.plan({ flow: plan.flow, hash: plan.hash }), toJson(plan));
    return [];
  } catch (error) {
    if (!(error instanceof UserError || error instanceof SystemError)) throw error;
    return [`the plan was not stored, so status will show less of the runs: ${error.message}`];
  }
}

/** The flow is deployed, even if its sweeper is not. */
async function sweeperOf({ store: { settings: store }, ...options }: BundleDeployOptions) {
  try {
    return await deploySweeper({ ...options, store, alarm: options.vendored });
  } catch (error) {
    if (!(error instanceof UserError || error instanceof SystemError)) throw error;
    return { entities: [], warnings: [`the sweeper, which restarts stalled runs, was not deployed: ${error.message}`] };
  }
}

type Present = Map<string, Found>;

async function presentEntities(whisk: Whisk, names: { type: 'package' | 'action'; name: string }[]): Promise<Present> {
  const present: Present = new Map();
  await Promise.all(
    names.map(async ({ type, name }) => {
      const entity = await (type === 'package' ? whisk.getPackage(name) : whisk.getAction(name));
      if (entity !== undefined) present.set(name, entity);
    }),
  );
  return present;
}

async function write(
  whisk: Whisk,
  planned: PlannedEntity[],
  present: Present,
  report: Progress,
  flow: string,
): Promise<DeployedEntity[]> {
  const done: DeployedEntity[] = [];
  for (const [index, entity] of planned.entries()) {
    const { type, name } = entity;
    const before = present.get(name);
    const outcome = before === undefined ? 'created' : ownerOf(before).hash === entity.hash ? 'unchanged' : 'updated';
    report.progress(`Deploying ${name}`);
    try {
      if (outcome !== 'unchanged') {
        if (entity.type === 'package') await whisk.putPackage(name, entity.annotations);
        else await whisk.putAction(name, entity.body);
      }
    } catch (error) {
      const rest = planned.slice(index + 1).map((each) => each.name);
      throw incomplete(flow, done, name, rest, error as Error);
    }
    done.push({ type, name, outcome });
    report.detail(`${outcome.padEnd(9)} ${type} ${name}`);
  }
  return done;
}

/**
 * The failure itself if nothing was written before it; otherwise a description of the partial deploy. Its class stays
 * the same.
 */
function incomplete(flow: string, done: DeployedEntity[], failed: string, rest: string[], error: Error): Error {
  const written = done
    .filter(({ outcome }) => outcome !== 'unchanged')
    .map(({ name, outcome }) => `${outcome} ${name}`);
  if (written.length === 0) return error;
  const Kind = error instanceof UserError ? UserError : SystemError;
  const notDone = rest.length === 0 ? '' : `; not reached: ${rest.join(', ')}`;
  return new Kind(
    'deploy-incomplete',
    `${flow} was deployed only partly: ${written.join(', ')}; then ${failed} failed: ${error.message}${notDone}`,
    'fix the cause and deploy again: it continues where it stopped',
    { cause: error },
  );
}

/** Features that the local platform does not support. */
function imageWarnings({ manifest, plan }: Bundle): string[] {
  return manifest.steps.flatMap((step) =>
    step.image === undefined
      ? []
      : [
          `the local platform has no containers: ${namedSteps(step, plan)} run in the local Python, not in ${step.image}`,
        ],
  );
}

/** Warnings about the datastore. If S3 rejects the keys, this is an error. */
async function storeWarnings(store: Store): Promise<string[]> {
  const warnings: string[] = [];
  try {
    const verdict = await probeConditionalPut(store);
    if (verdict !== 'atomic') {
      warnings.push(
        `this S3 ${verdict === 'ignored' ? 'ignores conditional PUTs' : 'has conditional PUTs that race'} (If-None-Match), so foreach items might run twice; each task still has one result`,
      );
    }
  } catch (error) {
    // A cluster's own S3 often has a name that only resolves inside the cluster.
    if (!(error instanceof UserError && error.code === 'store-unreachable')) throw error;
    warnings.push(`${error.message}; it could not be checked from here, but steps must be able to reach it`);
  }
  if (store.settings.sessionToken !== undefined) {
    warnings.push('the S3 keys are temporary: once they expire, steps fail until the flow is deployed again');
  }
  return warnings;
}
