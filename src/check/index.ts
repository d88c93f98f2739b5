import { checkArtifactNames, checkOutputs } from './artifact-names.ts';
import { checkCallTargets } from './call-targets.ts';
import type { Check, CheckContext } from './context.ts';
import { checkEmptyRuns } from './empty-runs.ts';
import { checkFlowName } from './flow-name.ts';
import { checkGraphPaths } from './graph-paths.ts';
import { checkParameterDefaults, checkParameterNames } from './parameters.ts';
import { checkPython } from './python.ts';
import { checkRequirements } from './requirements.ts';
import { checkResources } from './resources.ts';
import { checkDuplicateSteps, checkStartAndEnd, checkStepNames } from './step-names.ts';

const CHECKS: Check[] = [
  checkFlowName,
  checkParameterNames,
  checkParameterDefaults,
  checkStepNames,
  checkStartAndEnd,
  checkDuplicateSteps,
  checkArtifactNames,
  checkOutputs,
  checkGraphPaths,
  checkResources,
  checkRequirements,
  checkCallTargets,
  checkEmptyRuns,
  checkPython,
];

/** Runs all checks; each sees the whole flow, whatever the others found. */
export async function checkFlow(context: CheckContext): Promise<void> {
  for (const check of CHECKS) await check(context);
}
