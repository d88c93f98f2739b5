import { VERSION_LENGTH } from './protocol.generated.ts';

/**
 * A flow is deployed once for each of its versions that is in use: a run finishes on the one that it has started on, whatever
 * is deployed meanwhile. The runtime's half is in `runtime/src/nuvopipe_runtime/plan.py`.
 */

/** @param hash of the plan; a run's record has it as `bundle` */
export function versionOf(hash: string): string {
  return hash.slice(0, VERSION_LENGTH);
}

/** Package of a flow's step actions. An action and a package cannot share a name, and the conductor has the flow's. */
export function packageName(flow: string): string {
  return `${flow}.steps`;
}

/** In the package: `p512-120s-1a2b3c4d`. */
export function stepActionName(profile: string, hash: string): string {
  return `${profile}-${versionOf(hash)}`;
}

/** In the package: the conductor of one version, `flow-1a2b3c4d`, which lanes and continuations of its runs enter. */
export function versionedConductorName(hash: string): string {
  return `flow-${versionOf(hash)}`;
}
