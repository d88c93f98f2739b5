/** What the alarms go by, so that a test can move it. */
export interface AlarmClock {
  /** ms since 1970. */
  now(): number;
  /** Calls `ring` once, at that time (ms since 1970) or soon after. @returns what takes it back */
  at(timeMs: number, ring: () => unknown): () => void;
}

/** Timers do not count while a computer sleeps, and end at once where they are longer than 2^31 ms. */
const LONGEST_WAIT_MS = 60_000;

export const SYSTEM_CLOCK: AlarmClock = {
  now: Date.now,
  at(timeMs, ring) {
    let timer: NodeJS.Timeout;
    const wait = () => {
      const leftMs = timeMs - Date.now();
      timer = leftMs > 0 ? setTimeout(wait, Math.min(leftMs, LONGEST_WAIT_MS)) : setTimeout(ring);
    };
    wait();
    return () => clearTimeout(timer);
  },
};
