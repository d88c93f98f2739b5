import type { Report } from '../diagnostics/report.ts';
import type { Flow } from '../model/flow.ts';
import type { PythonFacts } from '../python/inspection.ts';
import type { Inspector } from '../python/inspector.ts';
import type { ArtifactFlow } from './artifact-flow.ts';

/** What is checked. */
export interface CheckInput {
  flow: Flow;
  report: Report;
  /** The files named under `code`: path relative to the flow's folder, with `/` → content. */
  code: ReadonlyMap<string, Uint8Array>;
  /** Looks at the Python in the flow. */
  inspector: Inspector;
}

/** What a check looks at. */
export interface CheckContext extends CheckInput {
  /** What Python says of the flow's Python; absent where there is none to ask. */
  facts: PythonFacts | undefined;
  /** How artifacts go through the flow; absent where that is not known, for the file could not be read as a whole. */
  artifacts: ArtifactFlow | undefined;
}

/** Looks at one thing that a flow can have wrong, and reports it. */
export type Check = (context: CheckContext) => void | Promise<void>;
