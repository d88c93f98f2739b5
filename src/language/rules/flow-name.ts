import { RESERVED_FLOW_NAMES } from '../../contract/layout.generated.ts';
import { FLOW_MODULE_NAMES, PYTHON_KEYWORDS } from '../../contract/protocol.generated.ts';
import type { CheckContext } from './context.ts';

/** OpenWhisk limits entity names to 256 characters, and the flow's name is part of longer names. */
const FLOW_NAME_MAX_LENGTH = 128;

interface Problem {
  code: string;
  message: string;
  hint: string;
}

/** The name is used for a Python class, an OpenWhisk action and a folder in S3. */
export function checkFlowName({ flow, report }: CheckContext): void {
  const { value, span } = flow.name;
  if (value === '') return;
  const problem = flowNameProblem(value);
  if (problem) report.error(problem.code, span, problem.message, problem.hint);
}

/** Why a flow cannot have this name; undefined if it can. */
export function flowNameProblem(name: string): Problem | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || name.length > FLOW_NAME_MAX_LENGTH) {
    const hint = `use letters, digits and underscores, starting with a letter; at most ${FLOW_NAME_MAX_LENGTH} characters`;
    return { code: 'bad-flow-name', message: `invalid flow name "${name}"`, hint };
  }
  if (PYTHON_KEYWORDS.has(name) || FLOW_MODULE_NAMES.has(name)) {
    const message = `"${name}" is a reserved word in Python and cannot be a flow name`;
    return { code: 'reserved-name', message, hint: 'choose another name' };
  }
  if (RESERVED_FLOW_NAMES.has(name)) {
    const message = `"${name}" is a folder that nuvopipe uses in the datastore and cannot be a flow name`;
    return {
      code: 'reserved-name',
      message,
      hint: `choose another name, such as ${name[0]?.toUpperCase()}${name.slice(1)}Flow`,
    };
  }
  return undefined;
}
