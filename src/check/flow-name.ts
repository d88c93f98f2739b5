import { FLOW_MODULE_NAMES, PYTHON_KEYWORDS } from '../model/names.ts';
import type { CheckContext } from './context.ts';

/** OpenWhisk's limit for the name of an entity is 256; the flow's name is part of longer ones. */
const FLOW_NAME_MAX_LENGTH = 128;

/** The name is that of a Python class, of an OpenWhisk action and of a folder in S3. */
export function checkFlowName({ flow, report }: CheckContext): void {
  const { value, span } = flow.name;
  if (value === '') return;
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(value) || value.length > FLOW_NAME_MAX_LENGTH) {
    const hint = `a letter, then letters, digits and underscores, ${FLOW_NAME_MAX_LENGTH} at most`;
    report.error('bad-flow-name', span, `"${value}" cannot be the name of a flow`, hint);
  } else if (PYTHON_KEYWORDS.has(value) || FLOW_MODULE_NAMES.has(value)) {
    report.error(
      'reserved-name',
      span,
      `"${value}" is a word of Python's, so no flow can have it for a name`,
      'choose another',
    );
  }
}
