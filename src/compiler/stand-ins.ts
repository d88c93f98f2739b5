import type { Profile } from '../contract/plan.ts';
import { MEMORY_DEFAULT_MB, TIMEOUT_DEFAULT_MS } from '../language/model/flow.ts';
import { RUNTIME_MARGIN_MS } from './time-limits.ts';

/** The profile that is added if every other one has an image or packages. */
const STAND_IN = 'stand-in';

/**
 * The profiles whose actions act as stand-ins for actions that cannot start: an image that does not exist, packages
 * that cannot be installed, an error at initialisation. The first one only uses OpenWhisk's own Python; it is added
 * to `profiles` if missing. The second one serves the steps of the first.
 */
export function standInsOf(profiles: Record<string, Profile>): string[] {
  const names = Object.keys(profiles);
  const plain = names.filter((name) => isPlain(profiles[name] as Profile));
  if (plain.length === 0) {
    profiles[STAND_IN] = { memoryMB: MEMORY_DEFAULT_MB, timeLimitMs: TIMEOUT_DEFAULT_MS + RUNTIME_MARGIN_MS };
    return [STAND_IN];
  }
  if (names.length === 1) return [];
  const rank = (name: string) => Math.abs((profiles[name] as Profile).memoryMB - MEMORY_DEFAULT_MB);
  const [first, ...others] = plain.toSorted((a, b) => rank(a) - rank(b)) as [string, ...string[]];
  return [first, others[0] ?? (names.find((name) => name !== first) as string)];
}

/** Whether a profile only uses OpenWhisk's own Python. */
export function isPlain({ image, pip }: Profile): boolean {
  return image === undefined && pip === undefined;
}
