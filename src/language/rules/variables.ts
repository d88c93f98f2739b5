import type { Located } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import type { CheckContext } from './context.ts';
import { checkVariableName } from './variable-names.ts';

/** Checks names and values of environment variables. */
export function checkVariables({ flow, report }: CheckContext): void {
  const told = new Set<Located<string>>();
  for (const { environment } of [flow.settings, ...allSteps(flow)]) {
    for (const [name, variable] of environment.vars) {
      // A step also has those of the flow.
      if (told.has(variable)) continue;
      told.add(variable);
      checkVariableName(name, variable.span, report);
      if (variable.value.includes('\0')) {
        const message = `the value of "${name}" contains a NUL character`;
        report.error('bad-variable-value', variable.span, message, 'remove the \\0');
      }
    }
  }
}
