import { compileFlow } from '../compiler/compile-flow.ts';
import type { Bundle } from '../contract/manifest.ts';
import { FlowError } from '../language/diagnostics/diagnostic.ts';
import { Diagnostics } from '../language/diagnostics/report.ts';
import { readSource } from '../language/syntax/read-source.ts';
import { checkTestFile } from './check-tests.ts';
import { flowBeside } from './find-tests.ts';
import { type FlowSteps, stepsOf } from './flow-steps.ts';
import { readTestFile } from './read-tests.ts';
import type { TestFile } from './test-file.ts';

/** A test file and the flow it tests. */
export interface LoadedTests extends TestFile {
  bundle: Bundle;
  steps: FlowSteps;
}

/**
 * Reads a test file, compiles its flow, and checks one against the other.
 *
 * @param python interpreter that parses the flow's Python
 * @throws FlowError with all errors of the test file or its flow
 */
export async function loadTests(path: string, python: string): Promise<LoadedTests> {
  const { source, diagnostics } = await readSource(path);
  const report = new Diagnostics(source, diagnostics);
  const file = report.hasErrors ? undefined : readTestFile(report);
  if (!file) throw new FlowError(source, report.diagnostics);
  const beside = await flowBeside(path, file.flow?.value);
  if (typeof beside !== 'string') {
    const hint = 'name the flow: "flow: shop.yaml"';
    report.error('no-flow', file.flow?.span ?? [0, 1], beside.problem, file.flow ? undefined : hint);
    throw new FlowError(source, report.diagnostics);
  }
  const compiled = await compileFlow(beside, { python });
  const { flow, bundle } = compiled;
  if (flow) checkTestFile(file, flow, report);
  if (report.hasErrors) throw new FlowError(source, report.diagnostics);
  if (!flow || !bundle) throw new FlowError(compiled.source, compiled.diagnostics);
  return { ...file, bundle, steps: stepsOf(flow) };
}
