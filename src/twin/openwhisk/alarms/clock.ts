/** The clock of the alarms, which tests can replace. */
export interface AlarmClock {
  /** ms since 1970. */
  now(): number;
  /** Calls `ring` once at that time (ms since 1970) or soon after. @returns a function that cancels it */
  at(timeMs: number, ring: () => unknown): () => void;
}

/** Timers stop while a computer sleeps, and fire immediately if they are longer than 2^31 ms. */
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
