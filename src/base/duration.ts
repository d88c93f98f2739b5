const UNITS_IN_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** What {@link parseDurationMs} reads: `90`, `500ms`, `90s`, `2m`, `1h`, `1m30s`, `1.5s`. */
export const DURATION_PATTERN = /^(?:\d+(?:\.\d+)?|(?:\d+(?:\.\d+)?(?:ms|s|m|h)\s*)+)$/;

/**
 * Parses a duration; a number without a unit is in seconds.
 *
 * @returns whole milliseconds, or `undefined` if it is invalid
 */
export function parseDurationMs(value: unknown): number | undefined {
  const text = String(value).trim();
  if (!DURATION_PATTERN.test(text)) return undefined;
  let durationMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)?/g)) {
    durationMs += Number(count) * (UNITS_IN_MS[unit ?? 's'] as number);
  }
  durationMs = Math.round(durationMs);
  return Number.isSafeInteger(durationMs) && durationMs > 0 ? durationMs : undefined;
}

/** The shortest exact form: `500ms`, `90s`, `2m` or `1h`. */
export function formatDurationMs(durationMs: number): string {
  for (const unit of ['h', 'm', 's']) {
    const unitMs = UNITS_IN_MS[unit] as number;
    if (durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  }
  return `${durationMs}ms`;
}
