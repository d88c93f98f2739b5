import type { Flow } from '../model/flow.ts';
import type { Report } from '../syntax/report.ts';
import type { Inspector } from './inspector.ts';

/** What a check looks at. */
export interface CheckContext {
  flow: Flow;
  report: Report;
  /** The files named under `code`: path relative to the flow's folder, with `/` → content. */
  code: ReadonlyMap<string, Uint8Array>;
  /** Looks at the Python in the flow. */
  inspector: Inspector;
}

/** Looks at one thing that a flow can have wrong, and reports it. */
export type Check = (context: CheckContext) => void | Promise<void>;
