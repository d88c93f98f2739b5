import { VERSION_LENGTH } from './protocol.generated.ts';

/**
 * Each version of a flow that is in use is deployed: a run finishes on the version it started with, whatever is
 * deployed later. The runtime's counterpart is in `runtime/src/nuvopipe_runtime/plan.py`.
 */

/** @param hash of the plan; stored in a run's record as `bundle` */
export function versionOf(hash: string): string {
  return hash.slice(0, VERSION_LENGTH);
}

/**
 * Package of a flow's step actions. An action and a package cannot share a name, and the conductor already has the
 * flow's.
 */
export function packageName(flow: string): string {
  return `${flow}.steps`;
}

/** Name in the package: `p512-120s-1a2b3c4d`. */
export function stepActionName(profile: string, hash: string): string {
  return `${profile}-${versionOf(hash)}`;
}

/** Name in the package of the conductor of one version, `flow-1a2b3c4d`, which lanes and continuations invoke. */
export function versionedConductorName(hash: string): string {
  return `flow-${versionOf(hash)}`;
}
