import { availableParallelism, loadavg } from 'node:os';

/** Wall time of some work, seconds. */
export async function seconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? at(sorted, middle) : (at(sorted, middle - 1) + at(sorted, middle)) / 2;
}

function at(values: number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError('the median of nothing');
  return value;
}

/** A way to do the work, and how often it is measured. */
export interface Contender {
  run: () => unknown;
  rounds: number;
}

/**
 * The median wall time of each contender, seconds. Their rounds are interleaved (A B C A B C), so that what else the
 * machine does weighs on all of them.
 */
export async function compare<Name extends string>(contenders: Record<Name, Contender>): Promise<Record<Name, number>> {
  const entries = Object.entries(contenders) as [Name, Contender][];
  const times = new Map<Name, number[]>(entries.map(([name]) => [name, []]));
  const rounds = Math.max(...entries.map(([, contender]) => contender.rounds));
  for (let round = 0; round < rounds; round++) {
    for (const [name, contender] of entries) {
      if (round < contender.rounds) times.get(name)?.push(await seconds(contender.run));
    }
  }
  return Object.fromEntries([...times].map(([name, values]) => [name, median(values)])) as Record<Name, number>;
}

/** What the figures depend on. */
export function machine(): string {
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');
  return `${availableParallelism()} cores, load ${load} (1, 5, 15 minutes), Node ${process.versions.node}, ${process.platform}`;
}
