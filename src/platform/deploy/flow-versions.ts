import { SystemError, UserError } from '../../base/errors.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import { keys } from '../../contract/layout.generated.ts';
import type { Manifest } from '../../contract/manifest.ts';
import { versionOf } from '../../contract/names.ts';
import type { RunRecord } from '../../contract/records.ts';
import type { ListedEntity, Whisk } from '../openwhisk/client.ts';
import { liveRuns } from '../runs/live-runs.ts';
import { mapParallel } from '../s3/parallel.ts';
import { getJson, type Store } from '../s3/store.ts';
import type { DeployedEntity } from './deployed-entity.ts';
import { type Found, ownerOf } from './owner.ts';

/** What a flow has in its package: names. */
export function packagedActions({ steps, wait, conductor, sequence }: Manifest): string[] {
  return [...steps.map(({ name }) => name), ...(sequence ? [] : [wait.name]), conductor.versioned];
}

/** The version before the one that is being deployed, which may be deployed already. */
export function previousVersion(conductor: Found, { flowVersion }: Manifest): string | undefined {
  const { version, previous } = ownerOf(conductor);
  return version === flowVersion ? previous : version;
}

export interface VersionsOptions {
  whisk: Whisk;
  /** Its index of live runs says which versions are in use. */
  store: Store;
  manifest: Manifest;
  /** It stays: a run of it may have been started that is not in the index yet. */
  previous: string | undefined;
  report: Progress;
}

export interface RemovedVersions {
  entities: DeployedEntity[];
  /** Why older versions stay that should not. */
  warnings: string[];
}

/**
 * Deletes the actions of a flow's older versions that no run needs to finish, the oldest first. The flow is deployed whatever
 * becomes of them: what is left is the next deploy's.
 */
export async function removeVersions(options: VersionsOptions): Promise<RemovedVersions> {
  const { manifest, report } = options;
  const entities: DeployedEntity[] = [];
  try {
    for (const [version, actions] of await unusedVersions(options)) {
      report.progress(`Removing version ${version}`);
      for (const { name: action } of actions) {
        const name = `${manifest.package}/${action}`;
        await options.whisk.deleteAction(name);
        entities.push({ type: 'action', name, outcome: 'deleted' });
      }
      const count = actions.length === 1 ? '1 action' : `${actions.length} actions`;
      report.line(`deleted   version ${version} of ${manifest.flow}, ${count}: no run needs it`);
    }
    return { entities, warnings: [] };
  } catch (error) {
    if (!(error instanceof UserError || error instanceof SystemError)) throw error;
    return { entities, warnings: [`older versions of ${manifest.flow} were not removed: ${error.message}`] };
  }
}

/** Their actions by version, the oldest first. */
async function unusedVersions(options: VersionsOptions): Promise<Map<string, ListedEntity[]>> {
  const { whisk, store, manifest, previous } = options;
  const planned = new Set(packagedActions(manifest));
  const listed = await whisk.listActions(manifest.package);
  const versions = new Map<string, ListedEntity[]>();
  for (const action of listed.toSorted((a, b) => a.updated - b.updated)) {
    const { flow, version } = ownerOf(action);
    // The `wait` action is of no version: it is the same for all.
    if (flow !== manifest.flow || version === undefined || version === previous || planned.has(action.name)) continue;
    const actions = versions.get(version);
    if (actions) actions.push(action);
    else versions.set(version, [action]);
  }
  if (versions.size > 0) for (const version of await usedVersions(store, manifest.flow)) versions.delete(version);
  return versions;
}

/** Versions of the runs that are not over. */
async function usedVersions(store: Store, flow: string): Promise<Set<string>> {
  const runs = [...(await liveRuns(store, flow))];
  const records = await mapParallel(runs, (run) => getJson<RunRecord>(store, keys.run({ flow, run })));
  return new Set(records.flatMap((record) => (record === undefined ? [] : [versionOf(record.bundle)])));
}
