import { INDEX_FOLDERS } from '../../contract/records.ts';
import { DATASTORE_NAMES, FLOW_MODULE_NAMES, PYTHON_KEYWORDS } from '../model/reserved-names.ts';
import type { CheckContext } from './context.ts';

/** OpenWhisk's limit for the name of an entity is 256; the flow's name is part of longer ones. */
const FLOW_NAME_MAX_LENGTH = 128;

interface Problem {
  code: string;
  message: string;
  hint: string;
}

/** The name is that of a Python class, of an OpenWhisk action and of a folder in S3. */
export function checkFlowName({ flow, report }: CheckContext): void {
  const { value, span } = flow.name;
  if (value === '') return;
  const problem = flowNameProblem(value);
  if (problem) report.error(problem.code, span, problem.message, problem.hint);
}

/** Why a flow cannot have the name; nothing where it can. */
export function flowNameProblem(name: string): Problem | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || name.length > FLOW_NAME_MAX_LENGTH) {
    const hint = `a letter, then letters, digits and underscores, ${FLOW_NAME_MAX_LENGTH} at most`;
    return { code: 'bad-flow-name', message: `"${name}" cannot be the name of a flow`, hint };
  }
  if (PYTHON_KEYWORDS.has(name) || FLOW_MODULE_NAMES.has(name)) {
    const message = `"${name}" is a word of Python's, so no flow can have it for a name`;
    return { code: 'reserved-name', message, hint: 'choose another' };
  }
  if (DATASTORE_NAMES.has(name)) {
    const message = `"${name}" is a folder of nuvopipe's in the datastore, so no flow can have it for a name`;
    return {
      code: 'reserved-name',
      message,
      hint: `choose another, such as ${name[0]?.toUpperCase()}${name.slice(1)}Flow`,
    };
  }
  if (INDEX_FOLDERS.includes(name)) {
    const message = `"${name}" is a name that nuvopipe needs for itself beside those of flows`;
    return { code: 'reserved-name', message, hint: 'choose another' };
  }
  return undefined;
}
