import { didYouMean } from '../../base/suggest.ts';
import type { CallBody } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import { PYTHON_KEYWORDS } from '../model/reserved-names.ts';
import type { CheckContext } from './context.ts';

const NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;

/** A `call` names a function of a module that the flow packages, or that pip installs for it. */
export function checkCallTargets({ flow, report, code }: CheckContext): void {
  for (const { body, environment } of allSteps(flow)) {
    if (body?.kind !== 'call') continue;
    if (!isWellFormed(body)) {
      report.error(
        'bad-call',
        body.span,
        'a call is written module:function',
        'for example titles:shout, for shout in titles.py',
      );
    } else if (modulePath(body.module, code) === undefined && environment.pip.length === 0) {
      const modules = [...code.keys()].filter((path) => path.endsWith('.py')).map(moduleName);
      const file = `${body.module.replaceAll('.', '/')}.py`;
      const hint = didYouMean(body.module, modules) ?? `add ${file} to the flow's code: [${file}]`;
      report.error('no-such-module', body.span, `there is no module "${body.module}" among the flow's code`, hint);
    }
  }
}

/** Whether it is `module:function`, in names that Python takes. */
export function isWellFormed(call: CallBody): boolean {
  return [...call.module.split('.'), call.function].every((name) => NAME.test(name) && !PYTHON_KEYWORDS.has(name));
}

/** The file of a module among the code. */
export function modulePath(module: string, code: ReadonlyMap<string, Uint8Array>): string | undefined {
  const path = module.replaceAll('.', '/');
  return [`${path}.py`, `${path}/__init__.py`].find((candidate) => code.has(candidate));
}

/** Names of the modules and packages at the top of the code. */
export function topModules(paths: Iterable<string>): string[] {
  const python = [...paths].filter((path) => path.endsWith('.py'));
  return [...new Set(python.map((path) => (moduleName(path).split('.') as [string, ...string[]])[0]))];
}

function moduleName(path: string): string {
  return path.replace(/(\/__init__)?\.py$/, '').replaceAll('/', '.');
}
