import type { PythonFacts } from '../python/facts.ts';
import type { InspectionInput } from '../python/inspection.ts';
import type { ArtifactFlow } from './artifact-flow.ts';

/** What a check looks at. */
export interface CheckContext extends InspectionInput {
  /** What Python says of the flow's Python; absent where there is none to ask. */
  facts: PythonFacts | undefined;
  /** How artifacts go through the flow; absent where that is not known, for the file could not be read as a whole. */
  artifacts: ArtifactFlow | undefined;
}

/** Looks at one thing that a flow can have wrong, and reports it. */
export type Check = (context: CheckContext) => void | Promise<void>;
