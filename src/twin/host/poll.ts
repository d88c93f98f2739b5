import { setTimeout as pause } from 'node:timers/promises';

/** Short enough not to be noticed, long enough not to cause load. */
const POLL_INTERVAL_MS = 25;

/** Polls until the answer is yes (true) or the time is up (false). */
export async function poll(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() >= deadline) return false;
    await pause(POLL_INTERVAL_MS);
  }
  return true;
}
