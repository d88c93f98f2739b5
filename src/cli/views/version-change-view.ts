import { listed } from '../../base/counts.ts';
import type { VersionChange } from '../../index.ts';

/** How the deployed version of a flow differs from the one that a run used, on one line. */
export function versionChangeText({ was, now, steps }: VersionChange): string {
  const changes = Object.entries(steps ?? {}).flatMap(([kind, names]: [string, string[]]) =>
    names.length === 0 ? [] : [`; ${kind}: ${listed(names)}`],
  );
  return `The deployed flow has changed since that run (version ${was} → ${now})${changes.join('')}`;
}
