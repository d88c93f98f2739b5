import { allSteps } from '../model/flow.ts';
import type { CheckContext } from './context.ts';

export function checkEmptyRuns({ flow, report }: CheckContext): void {
  for (const { name, body } of allSteps(flow)) {
    if (body?.kind === 'run' && body.text.trim() === '') {
      report.error(
        'empty-run',
        body.span,
        `the step "${name?.value}" has nothing to run`,
        'write "pass" if the step should do nothing',
      );
    }
  }
}
