import { parseDurationMs } from '../../base/duration.ts';
import { UserError } from '../../base/errors.ts';

const DAY_MS = 24 * 3_600_000;
const DAYS: Record<string, number> = { d: DAY_MS, w: 7 * DAY_MS };

/**
 * Reads an age in milliseconds: `30d`, `2w`, `12h`.
 * @throws UserError if it is none
 */
export function parseAgeMs(text: string): number {
  const [, count, unit] = /^(\d+)([dw])$/.exec(text) ?? [];
  const ageMs = count !== undefined && unit !== undefined ? Number(count) * (DAYS[unit] as number) : undefined;
  // A number without a unit means seconds elsewhere, which is unlikely to be intended here.
  const found = ageMs ?? (/^\d+$/.test(text) ? undefined : parseDurationMs(text));
  if (found === undefined || !Number.isSafeInteger(found))
    throw new UserError('bad-age', `invalid age "${text}"`, 'write 30d, 2w or 12h');
  return found;
}
