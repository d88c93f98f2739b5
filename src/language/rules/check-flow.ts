import type { InspectionInput } from '../python/inspection.ts';
import { inspectPython } from '../python/inspection.ts';
import { checkActions, checkRecursion, checkRunsWaitForNone } from './action-names.ts';
import { ArtifactFlow } from './artifact-flow.ts';
import { checkArtifactNames, checkOutputs } from './artifact-names.ts';
import { checkArtifactReads } from './artifact-reads.ts';
import { checkRetries } from './attempts.ts';
import { checkCallTargets } from './call-targets.ts';
import { checkConcurrency } from './concurrency.ts';
import type { Check } from './context.ts';
import { checkEmptyRuns } from './empty-runs.ts';
import { checkFlowName } from './flow-name.ts';
import { checkForeach } from './foreach.ts';
import { checkGraphPaths } from './graph-paths.ts';
import { checkJoinConflicts } from './join-conflicts.ts';
import { checkJoinInputs } from './join-inputs.ts';
import { checkLoopPauses, checkLoops } from './loops.ts';
import { checkOnFailure } from './on-failure.ts';
import {
  checkParameterDefaults,
  checkParameterDemands,
  checkParameterNames,
  checkSecretParameters,
} from './parameter-values.ts';
import { checkCalls, checkExpressions, checkRuns } from './python-code.ts';
import { checkRequirements } from './requirements.ts';
import { checkResources } from './resources.ts';
import { checkRunTime } from './run-time.ts';
import { checkSchedules, checkTriggers } from './schedule-times.ts';
import { checkSecrets } from './secret-names.ts';
import { checkShadowedNames } from './shadowed-names.ts';
import { checkStandardModules } from './standard-modules.ts';
import { checkDuplicateSteps, checkStartAndEnd, checkStepNames } from './step-names.ts';
import { checkSurroundings } from './surroundings.ts';
import { checkSwitches } from './switches.ts';
import { checkTarget } from './target.ts';
import { checkVariables } from './variables.ts';

const CHECKS: Check[] = [
  checkFlowName,
  checkParameterNames,
  checkParameterDemands,
  checkParameterDefaults,
  checkSecretParameters,
  checkStepNames,
  checkStartAndEnd,
  checkDuplicateSteps,
  checkArtifactNames,
  checkOutputs,
  checkGraphPaths,
  checkResources,
  checkRunTime,
  checkConcurrency,
  checkRequirements,
  checkVariables,
  checkSecrets,
  checkSurroundings,
  checkSchedules,
  checkTriggers,
  checkTarget,
  checkOnFailure,
  checkRetries,
  checkActions,
  checkRecursion,
  checkRunsWaitForNone,
  checkForeach,
  checkSwitches,
  checkLoops,
  checkLoopPauses,
  checkCallTargets,
  checkStandardModules,
  checkEmptyRuns,
  checkRuns,
  checkExpressions,
  checkCalls,
  checkArtifactReads,
  checkJoinInputs,
  checkJoinConflicts,
  checkShadowedNames,
];

/**
 * Runs all checks; each sees the whole flow, whatever the others report. Checks that follow artifacts require a file
 * that could be read completely.
 */
export async function checkFlow(input: InspectionInput): Promise<void> {
  const isWhole = !input.report.hasErrors;
  const facts = await inspectPython(input);
  const context = { ...input, facts, artifacts: facts && isWhole ? new ArtifactFlow(input.flow, facts) : undefined };
  for (const check of CHECKS) await check(context);
}
