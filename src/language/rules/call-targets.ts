import { didYouMean } from '../../base/suggest.ts';
import { allSteps } from '../model/flow.ts';
import { isWellFormed, moduleName, modulePath } from '../python/call-target.ts';
import type { CheckContext } from './context.ts';

/** Checks that `call` names a function in a module that the flow packages or pip installs. */
export function checkCallTargets({ flow, report, code }: CheckContext): void {
  for (const { body, environment } of allSteps(flow)) {
    if (body?.kind !== 'call') continue;
    if (!isWellFormed(body)) {
      report.error(
        'bad-call',
        body.span,
        'invalid call: it must have the form module:function',
        'for example, titles:shout calls shout in titles.py',
      );
    } else if (modulePath(body.module, code) === undefined && environment.pip.length === 0) {
      const modules = [...code.keys()].filter((path) => path.endsWith('.py')).map(moduleName);
      const file = `${body.module.replaceAll('.', '/')}.py`;
      const hint = didYouMean(body.module, modules) ?? `add ${file} to the flow's code: [${file}]`;
      report.error('no-such-module', body.span, `the flow's code has no module "${body.module}"`, hint);
    }
  }
}
