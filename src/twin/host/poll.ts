import { setTimeout as pause } from 'node:timers/promises';

/** Short enough not to be felt, long enough not to weigh. */
const POLL_INTERVAL_MS = 25;

/** Asks again and again until the answer is yes (true) or the time is up (false). */
export async function poll(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() >= deadline) return false;
    await pause(POLL_INTERVAL_MS);
  }
  return true;
}
