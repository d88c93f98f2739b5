import { SystemError, UserError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import { RUNTIME_DIR, readRuntime } from '../../base/package-files.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import { mergeZips, zipFiles } from '../../base/zip.ts';
import { ALARMS_PACKAGE, type ManifestTrigger } from '../../contract/manifest.ts';
import { ACTION_MEMORY_DEFAULT_MB, ACTION_TIME_DEFAULT_MS } from '../../contract/openwhisk.generated.ts';
import type { StoreSettings } from '../../contract/records.ts';
import type { ActionDocument, KeyValue, Whisk } from '../openwhisk/client.ts';
import { trustOf } from '../openwhisk/whisk-settings.ts';
import { vendoredSweeper } from '../wheels/vendor.ts';
import { pythonKind } from './choose-kind.ts';
import { trustAnnotation } from './deploy-entities.ts';
import { deployTriggers, presentTriggers } from './deploy-triggers.ts';
import type { DeployedEntity, Outcome } from './deployed-entity.ts';
import { type Found, hashOf, type Owner, ownerAnnotation, ownerOf } from './owner.ts';

/** How often to look for stalled runs; without live runs, a check is one activation and one S3 request. */
export const SWEEP_EVERY_MINUTES = 5;

/**
 * Package of all sweepers and prefix of their names. As an owner it cannot be a flow, because flow names contain no
 * slash.
 */
const PACKAGE = 'nuvopipe';
const OWNER = `${PACKAGE}/sweep`;

export interface SweeperOptions {
  whisk: Whisk;
  store: StoreSettings;
  /** A Python interpreter with pip, for fetching packages. */
  python: string;
  /** Where the vendored packages are cached. */
  home: string;
  /** True for clusters, whose Python has no obstore; false for the local platform. */
  vendored: boolean;
  /** Whether an alarm fires it. On the local platform, an alarm would keep the idle daemon running. */
  alarm: boolean;
  report: Progress;
}

/** The action that looks for stalled runs in a datastore: one for each datastore used in the namespace. */
export function sweeperName({ bucket, prefix, endpoint = '' }: StoreSettings): string {
  const hash = sha256(JSON.stringify([endpoint, bucket, prefix]));
  return `${OWNER}-${hash.slice(0, 8)}`;
}

/**
 * Deploys the sweeper of a datastore and sets its alarm; repeating this changes nothing. It belongs to no flow and
 * stays when flows are undeployed.
 *
 * @throws UserError `name-taken` if its names belong to others
 * @throws UserError or SystemError if it cannot be deployed; an alarm that could not be set is only a warning
 */
export async function deploySweeper(
  options: SweeperOptions,
): Promise<{ entities: DeployedEntity[]; warnings: string[] }> {
  const { whisk, store, vendored, alarm, report } = options;
  const name = sweeperName(store);
  const [presentPackage, presentAction, cluster] = await Promise.all([
    whisk.getPackage(PACKAGE),
    whisk.getAction(name),
    whisk.clusterInfo(),
  ]);
  refuse(PACKAGE, presentPackage, OWNER);
  refuse(name, presentAction, name);
  const thinZip = zipFiles(await readRuntime(RUNTIME_DIR, 'sweeper'));
  const zip = vendored ? mergeZips([thinZip, await vendoredSweeper(options)]) : thinZip;
  const own = (flow: string, annotations: KeyValue[], content: unknown): { hash: string; annotations: KeyValue[] } => {
    const hash = hashOf(content, whisk.settings.auth);
    return { hash, annotations: [...annotations, ownerAnnotation({ flow, hash } satisfies Owner)] };
  };
  const body: Omit<ActionDocument, 'annotations'> = {
    exec: { kind: pythonKind(cluster.kinds), code: Buffer.from(zip).toString('base64'), binary: true },
    parameters: [
      { key: 'store', value: store },
      { key: 'tls', value: trustOf(whisk.settings) },
    ],
    limits: { timeout: ACTION_TIME_DEFAULT_MS, memory: ACTION_MEMORY_DEFAULT_MB },
  };
  const ownedPackage = own(OWNER, [], PACKAGE);
  const annotations = [{ key: 'provide-api-key', value: true }, ...trustAnnotation(trustOf(whisk.settings))];
  const ownedAction = own(name, annotations, body);

  const entities: DeployedEntity[] = [];
  const put = async (
    type: 'package' | 'action',
    entity: string,
    before: Found,
    hash: string,
    write: () => Promise<void>,
  ) => {
    const outcome: Outcome = before === undefined ? 'created' : ownerOf(before).hash === hash ? 'unchanged' : 'updated';
    if (outcome !== 'unchanged') await write();
    entities.push({ type, name: entity, outcome });
    report.detail(`${outcome.padEnd(9)} ${type} ${entity}`);
  };
  await put('package', PACKAGE, presentPackage, ownedPackage.hash, () =>
    whisk.putPackage(PACKAGE, ownedPackage.annotations),
  );
  await put('action', name, presentAction, ownedAction.hash, () =>
    whisk.putAction(name, { ...body, annotations: ownedAction.annotations }),
  );
  if (!alarm) return { entities, warnings: [] };
  const { entities: alarmed, warnings } = await setAlarm(name, whisk, report);
  return { entities: [...entities, ...alarmed], warnings };
}

function refuse(name: string, found: Found, owner: string): void {
  if (found === undefined || ownerOf(found).flow === owner) return;
  throw new UserError(
    'name-taken',
    `${name} already exists on this OpenWhisk and is not nuvopipe's sweeper`,
    'delete the existing entity, or deploy to another namespace',
  );
}

async function setAlarm(name: string, whisk: Whisk, report: Progress) {
  const manifest = { flow: name, conductor: { name }, triggers: [alarmOf(name)] };
  const present = await presentTriggers(whisk, manifest);
  try {
    return { entities: await deployTriggers({ whisk, manifest, present, report }), warnings: [] };
  } catch (error) {
    if (!(error instanceof UserError || error instanceof SystemError)) throw error;
    const why =
      error.code === 'no-feed' ? `${whisk.settings.apihost} has no feed ${ALARMS_PACKAGE}/alarm` : error.message;
    const warning = `stalled runs (for example after a controller restart) are not restarted automatically: ${why}; use "nuvopipe sweep"`;
    return { entities: [], warnings: [warning] };
  }
}

/** Spreads the sweepers of a cluster over different minutes. */
function alarmOf(name: string): ManifestTrigger {
  const first = Number.parseInt(name.slice(-2), 16) % SWEEP_EVERY_MINUTES;
  const cron = `${first}-59/${SWEEP_EVERY_MINUTES} * * * *`;
  const trigger = name.replace('/', '-');
  return {
    name: trigger,
    rule: `${trigger}.rule`,
    feed: `${ALARMS_PACKAGE}/alarm`,
    parameters: { cron },
    schedule: { cron },
  };
}
