/**
 * Where the chance of the fuzz tests comes from. Each case has a seed of its own, so that it can be repeated alone.
 *
 * - `FUZZ_SEED`: of all cases; the same one every time unless it is set.
 * - `FUZZ_ROUNDS`: how many times as many cases as usual.
 * - `FUZZ_CASE`: only the case of this number, of each test.
 */
export const SEED = Number(process.env.FUZZ_SEED ?? 1);
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 1);
const ONLY = process.env.FUZZ_CASE === undefined ? undefined : Number(process.env.FUZZ_CASE);

/** Numbers of the cases of a test that has so many usually. */
export function casesOf(usual: number): number[] {
  return ONLY === undefined ? Array.from({ length: Math.ceil(usual * ROUNDS) }, (_, number) => number) : [ONLY];
}

/** To put into the message of a failure. */
export function repeatWith(number: number): string {
  return `repeat it with FUZZ_SEED=${SEED} FUZZ_CASE=${number}`;
}

/** Numbers that follow from a seed (mulberry32). */
export class Random {
  #state: number;

  /** @param number of the case */
  constructor(number: number, seed = SEED) {
    this.#state = Math.imul(seed + 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35);
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From 0 up to `end`, without it. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** From one to the other, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Some of the items, in their order. */
  some<T>(items: readonly T[], probability: number): T[] {
    return items.filter(() => this.chance(probability));
  }
}
