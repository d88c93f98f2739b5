import type { Diagnostics } from '../diagnostics/report.ts';
import type { Span } from '../model/flow.ts';

/** The names that POSIX shells and Python's `os.environ` both accept. */
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Variables that the runtime sets and steps depend on, with their owners. */
const RESERVED: readonly { names: RegExp; owner: string }[] = [
  { names: /^__OW_/, owner: 'OpenWhisk' },
  { names: /^METAFLOW_/, owner: 'Metaflow' },
  { names: /^NUVOPIPE_/, owner: 'nuvopipe' },
  { names: /^AWS_/, owner: 'the datastore' },
  { names: /^(PATH|LD_LIBRARY_PATH|LD_PRELOAD|PYTHONPATH|PYTHONHOME|VIRTUAL_ENV)$/, owner: "the step's Python" },
];

/** Reports names that environment variables of a step cannot have. */
export function checkVariableName(name: string, span: Span, report: Diagnostics): void {
  if (!VARIABLE_NAME.test(name)) {
    const message = `invalid variable name "${name}"`;
    report.error('bad-variable-name', span, message, 'use letters, digits and underscores, not starting with a digit');
    return;
  }
  const reserved = RESERVED.find(({ names }) => names.test(name));
  if (!reserved) return;
  const message = `the variable "${name}" is reserved for ${reserved.owner}`;
  report.error('reserved-variable', span, message, 'choose another name, and pass its value on in your code');
}
