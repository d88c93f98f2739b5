import type { Envelope } from '../../model/envelope.ts';
import type { Plan, PlannedStep } from '../../model/plan.ts';
import { COMPONENTS_MAX, INDEX_DIGITS_MAX, RUN_NAME_MAX } from './limits.ts';

/** A date of this age, and any sooner. */
const EPOCH_MS_MAX = 9_999_999_999_999;
const MINUTE_MS = 60_000;

/**
 * Bytes of the largest envelope at a step, whatever the run. `at` grows with the forks around the step, names are as long as
 * they are; everything else has a bound of its own.
 */
export function envelopeBoundBytes(plan: Plan, step: string): number {
  const { block, within } = plan.steps[step] as PlannedStep;
  const largest: Required<Omit<Envelope, 'params' | 'result' | 'died'>> = {
    run: 'r'.repeat(RUN_NAME_MAX),
    block,
    step,
    at: within.map((opener) => Math.max(0, indexMax(plan, opener))),
    claim: true,
    again: true,
    lease: EPOCH_MS_MAX,
    used: COMPONENTS_MAX,
    home: true,
    wait: 2 * MINUTE_MS,
    guard: MINUTE_MS,
    answerWithin: MINUTE_MS,
  };
  // The runtime writes it with a space after each `:` and `,`: one for each of either, at most.
  const text = JSON.stringify(largest);
  return Buffer.byteLength(text) + (text.match(/[:,]/g)?.length ?? 0);
}

function indexMax(plan: Plan, opener: string): number {
  const pool = plan.pools[opener];
  return pool?.branches ? pool.branches.length - 1 : 10 ** INDEX_DIGITS_MAX - 1;
}
