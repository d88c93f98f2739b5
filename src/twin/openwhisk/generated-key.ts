import { timingSafeEqual } from 'node:crypto';

/** In constant time, so that the time does not reveal where they differ. */
export function isSameSecret(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
