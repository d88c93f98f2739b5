import type { Flow } from '../model/flow.ts';
import { buildFlow } from './build/flow.ts';
import { parse } from './parse.ts';
import type { Report } from './report.ts';

/** Text of a flow file → typed flow. What is wrong with the text goes to the report; the flow is what could be read all the same. */
export function readFlow(report: Report): Flow | undefined {
  const document = parse(report);
  return document && buildFlow(document, report);
}
