import { UserError } from '../../base/errors.ts';
import type { Plan } from '../../contract/plan.ts';

/** Values of a flow's secrets, by name, maybe among others. They are bound to the step actions, and are nowhere else. */
export type Secrets = Readonly<Record<string, string | undefined>>;

/** The secrets that a flow's steps name, each with these steps. */
export function neededSecrets({ steps }: Plan): Map<string, string[]> {
  const needed = new Map<string, string[]>();
  for (const [step, { secrets = [] }] of Object.entries(steps)) {
    for (const name of secrets) needed.set(name, [...(needed.get(name) ?? []), step]);
  }
  return needed;
}

/** So many steps are named that need a secret. */
const STEPS_NAMED_MAX = 3;

/** @throws UserError `missing-secrets` that names all that are not given, or are empty. */
export function requireSecrets(plan: Plan, given: Secrets): void {
  const missing = [...neededSecrets(plan)].filter(([name]) => !Object.hasOwn(given, name) || !given[name]);
  if (missing.length === 0) return;
  const named = missing.map(([name, steps]) => {
    const more = steps.length - STEPS_NAMED_MAX;
    const listed = `${steps.slice(0, STEPS_NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
    return `${name} (step${steps.length === 1 ? '' : 's'} ${listed})`;
  });
  const [first] = missing as [[string, string[]]];
  throw new UserError(
    'missing-secrets',
    `the flow ${plan.flow} needs ${missing.length === 1 ? 'a secret' : 'secrets'}: ${named.join(', ')}`,
    `set ${missing.length === 1 ? `the environment variable ${first[0]}` : 'environment variables of these names'}, or pass --secrets-file FILE or --secret ${first[0]}=VALUE`,
  );
}
