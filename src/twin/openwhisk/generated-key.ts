import { timingSafeEqual } from 'node:crypto';

/** In a time that tells nothing of where they differ. */
export function isSameSecret(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
