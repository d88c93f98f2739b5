/** Invocations a clock minute, as RateThrottler.scala counts them: every check is charged, refused ones too. */
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

  /** Charges one; the count so far where it is too many. */
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
