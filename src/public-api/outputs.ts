import { WholeFloat } from '../base/json.ts';

export interface OutputOptions {
  /**
   * Keeps floats without a fraction, such as Python's `1.0`, as objects that compare as numbers, to distinguish them
   * from integers. Default: false, they are numbers. Integers beyond 2^53 are bigints in any case.
   */
  exactFloats?: boolean | undefined;
}

/** A run, or its end, with outputs as its reader wants them. */
export function withOutputs<T extends { outputs?: Record<string, unknown> }>(
  run: T,
  { exactFloats }: OutputOptions,
): T {
  if (exactFloats || run.outputs === undefined) return run;
  return { ...run, outputs: plainNumbers(run.outputs) as Record<string, unknown> };
}

function plainNumbers(value: unknown): unknown {
  if (value instanceof WholeFloat) return Number(value);
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainNumbers(item)]));
}
