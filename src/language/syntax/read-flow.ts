import type { Diagnostics } from '../diagnostics/report.ts';
import type { Flow } from '../model/flow.ts';
import { parse } from './parse.ts';
import { buildFlow } from './to-flow/build-flow.ts';

/** Text of a flow file → typed flow. What is wrong with the text goes to the report; the flow is what could be read all the same. */
export function readFlow(report: Diagnostics): Flow | undefined {
  const document = parse(report);
  return document && buildFlow(document, report);
}
