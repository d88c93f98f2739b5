import type { Check, CheckContext } from './context.ts';

const CHECKS: Check[] = [];

/** Runs all checks; each sees the whole flow, whatever the others found. */
export async function checkFlow(context: CheckContext): Promise<void> {
  for (const check of CHECKS) await check(context);
}
