import type { CallBody, Flow, Located } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import type { Check } from './context.ts';

/**
 * Modules must not be named like those of Python's standard library, which are already imported or needed by others.
 */
export const checkStandardModules: Check = ({ flow, report, code, facts }) => {
  for (const name of facts?.standard ?? []) {
    const path = [`${name}.py`, `${name}/__init__.py`].find((candidate) => code.has(candidate));
    const hint = `rename it, for example to my_${name}`;
    const why = `"${name}" is a module of Python's standard library`;
    if (path !== undefined) {
      report.error(
        'standard-module',
        (entryOf(path, flow) ?? flow.name).span,
        `${path} cannot be imported: ${why}`,
        hint,
      );
      continue;
    }
    // A folder without __init__.py might contain files that nobody imports.
    const call = callsOf(flow).find(({ module }) => module.startsWith(`${name}.`));
    if (call) report.error('standard-module', call.span, `${call.module} cannot be imported: ${why}`, hint);
  }
};

/** The entry of `code` that covers a file: its path, its folder or a glob. */
function entryOf(path: string, { code }: Flow): Located<string> | undefined {
  const plain = (value: string) => value.replace(/^\.\//, '').replace(/\/$/, '');
  return code.find(({ value }) => plain(value) === path || path.startsWith(`${plain(value)}/`)) ?? code.find(isGlob);
}

function isGlob({ value }: Located<string>): boolean {
  return /[*?[{(]/.test(value);
}

function callsOf(flow: Flow): CallBody[] {
  return [...allSteps(flow)].flatMap(({ body }) => (body?.kind === 'call' ? [body] : []));
}
