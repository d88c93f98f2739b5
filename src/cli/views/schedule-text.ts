import type { SetSchedule } from '../../index.ts';

/** `0 6 * * mon-fri Europe/Rome: next 2026-03-02 06:00 (05:00 UTC)`. */
export function scheduleText({ cron, timezone, next, paused }: SetSchedule): string {
  if (paused !== undefined) {
    return `${[cron, timezone ?? ''].join(' ').trim()}: paused, until "wsk rule enable ${paused}"`;
  }
  const utc = `${next.slice(0, 10)} ${next.slice(11, 16)}`;
  if (timezone === undefined) return `${cron}: next ${utc} UTC`;
  // The Swedish locale formats dates as ISO 8601.
  const format = { timeZone: timezone, dateStyle: 'short', timeStyle: 'short' } as const;
  const there = new Intl.DateTimeFormat('sv-SE', format).format(new Date(next));
  const shownUtc = utc.slice(0, 10) === there.slice(0, 10) ? utc.slice(11) : utc;
  return `${cron} ${timezone}: next ${there} (${shownUtc} UTC)`;
}
