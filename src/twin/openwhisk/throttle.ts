/** Invocations per clock minute, counted as in RateThrottler.scala: every check counts, including rejected ones. */
const MINUTE_MS = 60_000;

export class RateThrottle {
  readonly #allowed: number;
  readonly #now: () => number;
  #minute = 0;
  #count = 0;

  constructor(allowed: number, now: () => number) {
    this.#allowed = allowed;
    this.#now = now;
  }

  /** Counts one; returns the count so far if it exceeds the limit. */
  check(): number | undefined {
    const minute = Math.floor(this.#now() / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count > this.#allowed ? this.#count : undefined;
  }
}
