import type { AlarmClock } from '../../src/twin/openwhisk/alarms/clock.ts';

interface Timer {
  readonly timeMs: number;
  readonly ring: () => unknown;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements AlarmClock {
  readonly #timers = new Set<Timer>();
  #nowMs: number;

  /** @param time in the format of ISO 8601 */
  constructor(time: string) {
    this.#nowMs = Date.parse(time);
  }

  readonly now = (): number => this.#nowMs;

  at(timeMs: number, ring: () => unknown): () => void {
    const timer = { timeMs, ring };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that have not rung. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves to a time, ringing on the way whatever is due, each at its own time and after what the one before it does. */
  async moveTo(time: string): Promise<void> {
    const endMs = Date.parse(time);
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.timeMs - b.timeMs);
      if (next === undefined || next.timeMs > endMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.timeMs);
      await next.ring();
    }
    this.#nowMs = endMs;
  }

  /** Moves on, as `moveTo` does. */
  advance(ms: number): Promise<void> {
    return this.moveTo(new Date(this.#nowMs + ms).toISOString());
  }
}
