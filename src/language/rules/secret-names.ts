import type { Located } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import type { CheckContext } from './context.ts';
import { checkVariableName } from './variable-names.ts';

/** Secrets are environment variables, so their names must be unique in an environment. */
export function checkSecrets({ flow, report }: CheckContext): void {
  const told = new Set<Located<string>>();
  for (const { environment, secrets } of [flow.settings, ...allSteps(flow)]) {
    const seen = new Set<string>();
    for (const secret of secrets) {
      const { value, span } = secret;
      const isTwice = seen.has(value);
      seen.add(value);
      const variable = environment.vars.get(value);
      if (variable && !(told.has(secret) && told.has(variable))) {
        const message = `"${value}" is both a secret and a variable`;
        const last = told.has(secret) ? variable.span : span;
        report.error('name-taken', last, message, 'rename one of them');
        told.add(variable);
      }
      // A step also has those of the flow.
      if (told.has(secret)) continue;
      told.add(secret);
      checkVariableName(value, span, report);
      if (isTwice) report.error('duplicate-secret', span, `"${value}" is listed twice`, 'remove one of them');
    }
  }
}
