import type { Diagnostics } from '../diagnostics/report.ts';
import type { Span } from '../model/flow.ts';

/** What POSIX shells and Python's `os.environ` agree on. */
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Variables that a step cannot do without, as the runtime sets them, and whose they are. */
const RESERVED: readonly { names: RegExp; owner: string }[] = [
  { names: /^__OW_/, owner: 'OpenWhisk' },
  { names: /^METAFLOW_/, owner: 'Metaflow' },
  { names: /^NUVOPIPE_/, owner: 'nuvopipe' },
  { names: /^AWS_/, owner: 'the datastore' },
  { names: /^(PATH|LD_LIBRARY_PATH|LD_PRELOAD|PYTHONPATH|PYTHONHOME|VIRTUAL_ENV)$/, owner: "the step's Python" },
];

/** Reports a name that no variable of a step's environment can have. */
export function checkVariableName(name: string, span: Span, report: Diagnostics): void {
  if (!VARIABLE_NAME.test(name)) {
    const message = `"${name}" cannot be the name of an environment variable`;
    report.error('bad-variable-name', span, message, 'letters, digits and underscores, and no digit first');
    return;
  }
  const reserved = RESERVED.find(({ names }) => names.test(name));
  if (!reserved) return;
  const message = `"${name}" is a variable that ${reserved.owner} needs as it is`;
  report.error('reserved-variable', span, message, 'give it another name, and hand its value to what reads it');
}
