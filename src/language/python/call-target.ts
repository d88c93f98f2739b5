import { PYTHON_KEYWORDS } from '../../contract/protocol.generated.ts';
import type { CallBody } from '../model/flow.ts';

const NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;

/** Whether it has the form `module:function` with Python identifiers. */
export function isWellFormed(call: CallBody): boolean {
  return [...call.module.split('.'), call.function].every((name) => NAME.test(name) && !PYTHON_KEYWORDS.has(name));
}

/** The file of a module among the code. */
export function modulePath(module: string, code: ReadonlyMap<string, Uint8Array>): string | undefined {
  const path = module.replaceAll('.', '/');
  return [`${path}.py`, `${path}/__init__.py`].find((candidate) => code.has(candidate));
}

/** Names of the top-level modules and packages of the code. */
export function topModules(paths: Iterable<string>): string[] {
  const python = [...paths].filter((path) => path.endsWith('.py'));
  return [...new Set(python.map((path) => (moduleName(path).split('.') as [string, ...string[]])[0]))];
}

/** The name under which Python imports a file: `a.b` for `a/b.py` and `a/b/__init__.py`. */
export function moduleName(path: string): string {
  return path.replace(/(\/__init__)?\.py$/, '').replaceAll('/', '.');
}
