import { named } from '../../base/counts.ts';
import { UserError } from '../../base/errors.ts';
import type { Plan } from '../../contract/plan.ts';

/** A flow's secrets by name, possibly with others. They are bound to the step actions only. */
export type Secrets = Readonly<Record<string, string | undefined>>;

/** The secrets that steps need, each with these steps. */
export function stepsBySecret({ steps }: Plan): Map<string, string[]> {
  const needed = new Map<string, string[]>();
  for (const [step, { secrets = [] }] of Object.entries(steps)) {
    for (const name of secrets) needed.set(name, [...(needed.get(name) ?? []), step]);
  }
  return needed;
}

/** Maximum number of steps listed per secret. */
const STEPS_NAMED_MAX = 3;

/** @throws UserError `missing-secrets`, which lists all missing or empty ones */
export function refuseMissingSecrets(plan: Plan, given: Secrets): void {
  const missing = [...stepsBySecret(plan)].filter(([name]) => !Object.hasOwn(given, name) || !given[name]);
  if (missing.length === 0) return;
  const listed = missing.map(([name, steps]) => {
    return `${name} (step${steps.length === 1 ? '' : 's'} ${named(steps, STEPS_NAMED_MAX)})`;
  });
  const [first] = missing as [[string, string[]]];
  throw new UserError(
    'missing-secrets',
    `the flow ${plan.flow} needs ${missing.length === 1 ? 'a secret' : 'secrets'}: ${listed.join(', ')}`,
    `set ${missing.length === 1 ? `the environment variable ${first[0]}` : 'environment variables of these names'}, or pass --secrets-file FILE or --secret ${first[0]}=VALUE`,
  );
}
