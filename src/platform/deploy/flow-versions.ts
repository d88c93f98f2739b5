import { SystemError, UserError } from '../../base/errors.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import { keys } from '../../contract/layout.generated.ts';
import type { Manifest } from '../../contract/manifest.ts';
import { versionOf } from '../../contract/names.ts';
import type { ListedEntity, Whisk } from '../openwhisk/client.ts';
import { liveRuns } from '../runs/live-runs.ts';
import { mapParallel } from '../s3/parallel.ts';
import { readRecord } from '../s3/read-record.ts';
import type { Store } from '../s3/store.ts';
import type { DeployedEntity } from './deployed-entity.ts';
import { type Found, ownerOf } from './owner.ts';

/** Names of the entities in a flow's package. */
export function packagedActions({ steps, wait, conductor, sequence }: Manifest): string[] {
  return [...steps.map(({ name }) => name), ...(sequence ? [] : [wait.name]), conductor.versioned];
}

/** The version before the one being deployed. */
export function previousVersion(conductor: Found, { flowVersion }: Manifest): string | undefined {
  const { version, previous } = ownerOf(conductor);
  return version === flowVersion ? previous : version;
}

export interface VersionsOptions {
  whisk: Whisk;
  /** Its index of live runs shows which versions are in use. */
  store: Store;
  manifest: Manifest;
  /** Kept: runs of it might not be in the index yet. */
  previous: string | undefined;
  report: Progress;
}

export interface RemovedVersions {
  entities: DeployedEntity[];
  /** Why older versions were not removed. */
  warnings: string[];
}

/**
 * Deletes the actions of older versions that no run needs, oldest first. Failures do not affect the deployed flow;
 * the next deploy tries again.
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
      report.detail(`deleted   version ${version} of ${manifest.flow}, ${count}: no run needs it`);
    }
    return { entities, warnings: [] };
  } catch (error) {
    if (!(error instanceof UserError || error instanceof SystemError)) throw error;
    return { entities, warnings: [`older versions of ${manifest.flow} were not removed: ${error.message}`] };
  }
}

/** Their actions by version, oldest first. */
async function unusedVersions(options: VersionsOptions): Promise<Map<string, ListedEntity[]>> {
  const { whisk, store, manifest, previous } = options;
  const planned = new Set(packagedActions(manifest));
  const listed = await whisk.listActions(manifest.package);
  const versions = new Map<string, ListedEntity[]>();
  for (const action of listed.toSorted((a, b) => a.updated - b.updated)) {
    const { flow, version } = ownerOf(action);
    // The `wait` action is shared by all versions.
    if (flow !== manifest.flow || version === undefined || version === previous || planned.has(action.name)) continue;
    const actions = versions.get(version);
    if (actions) actions.push(action);
    else versions.set(version, [action]);
  }
  if (versions.size > 0) for (const version of await usedVersions(store, manifest.flow)) versions.delete(version);
  return versions;
}

/** Versions of runs that have not ended. */
async function usedVersions(store: Store, flow: string): Promise<Set<string>> {
  const runs = [...(await liveRuns(store, flow))];
  const records = await mapParallel(runs, (run) => readRecord(store, keys.run({ flow, run }), 'RunRecord'));
  return new Set(records.flatMap((record) => (record === undefined ? [] : [versionOf(record.bundle)])));
}
