import type { Diagnostics } from '../diagnostics/report.ts';
import type { Flow } from '../model/flow.ts';
import { parse } from './parse.ts';
import { buildFlow } from './to-flow/build-flow.ts';

/**
 * Parses the text of a flow file into a typed flow. Errors go to the report; the flow contains everything that could
 * be read.
 */
export function readFlow(report: Diagnostics): Flow | undefined {
  const document = parse(report);
  return document && buildFlow(document, report);
}
