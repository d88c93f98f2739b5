/** `plan.json`, as `schemas/plan.v1.schema.json` describes it. */
export type {
  MinSuccess,
  Next,
  ParameterType,
  Plan,
  PlannedCache,
  PlannedCall,
  PlannedLoop,
  PlannedParameter,
  PlannedPool,
  PlannedRetry,
  PlannedRuns,
  PlannedStep,
  Profile,
  SourceRange,
} from './formats.generated.ts';
