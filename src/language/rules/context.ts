import type { PythonFacts } from '../python/facts.ts';
import type { InspectionInput } from '../python/inspection.ts';
import type { ArtifactFlow } from './artifact-flow.ts';

/** The input of a check. */
export interface CheckContext extends InspectionInput {
  /** What Python reports about the flow's code; absent if no Python is available. */
  facts: PythonFacts | undefined;
  /** How artifacts flow; absent if the file could not be read completely. */
  artifacts: ArtifactFlow | undefined;
}

/** Checks one property of a flow and reports violations. */
export type Check = (context: CheckContext) => void | Promise<void>;
