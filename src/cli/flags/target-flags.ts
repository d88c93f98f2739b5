import type { Progress } from '../../base/terminal/progress.ts';
import { cluster, startLocal, type Target, type WhiskOptions } from '../../index.ts';
import { onProgressOf } from '../views/on-progress.ts';
import { type StoreFlags, storeFlags } from './store-flags.ts';
import { whiskFlags } from './whisk-flags.ts';

/** Flags that select an OpenWhisk and a datastore; without them, the local platform. */
export const targetFlags = { ...whiskFlags, ...storeFlags };

export interface TargetFlags extends WhiskOptions, StoreFlags {}

export interface OpenedTarget extends Target {
  /** The local platform, started by this command. */
  started: boolean;
}

export function isLocal({ apihost, auth, namespace, datastore, endpoint, profile }: TargetFlags): boolean {
  return [apihost, auth, namespace, datastore, endpoint, profile].every((flag) => flag === undefined);
}

/**
 * The target in the flags; by default the local platform, started if necessary.
 *
 * @throws UserError for missing or malformed settings
 */
export async function openTarget(flags: TargetFlags, report: Progress): Promise<OpenedTarget> {
  if (!isLocal(flags)) return { ...(await cluster(flags)), started: false };
  return startLocal({ home: flags.home, onProgress: onProgressOf(report) });
}
