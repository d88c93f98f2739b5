import assert from 'node:assert/strict';
import { Diagnostics } from '../../../src/language/diagnostics/report.ts';
import { SourceFile } from '../../../src/language/diagnostics/source-file.ts';
import { inspectPython } from '../../../src/language/python/inspection.ts';
import { startInspector } from '../../../src/language/python/inspector.ts';
import { ArtifactFlow } from '../../../src/language/rules/artifact-flow.ts';
import type { Check } from '../../../src/language/rules/context.ts';
import { readFlow } from '../../../src/language/syntax/read-flow.ts';

/** A flow without its first line, `flow: F`; files of its code; and what the rule reports: `line code`, warnings with `?`. */
export type RuleCase = [flow: string, reported: string[], code?: Record<string, string>];

/** Tests of one rule alone, by title. The flow must be well-formed: the syntax has tests of its own. */
export function rule(name: string, check: Check, cases: Record<string, RuleCase>): void {
  describe(`rule ${name}`, () => {
    for (const [title, [flow, expected, code = {}]] of Object.entries(cases))
      it(title, async () => assert.deepEqual(await reported(check, `flow: F\n${flow}`, code), expected));
  });
}

async function reported(check: Check, text: string, files: Record<string, string>): Promise<string[]> {
  const source = new SourceFile('flow.yaml', text);
  const report = new Diagnostics(source);
  const flow = readFlow(report);
  assert.ok(flow);
  assert.equal(report.diagnostics.length, 0, 'the flow is well-formed');
  const code = new Map(Object.entries(files).map(([path, content]) => [path, new TextEncoder().encode(content)]));
  const inspector = startInspector();
  const input = { flow, report, code, inspector };
  try {
    const facts = await inspectPython(input);
    await check({ ...input, facts, artifacts: facts && new ArtifactFlow(flow, facts) });
  } finally {
    inspector.close();
  }
  return report.diagnostics.map(
    ({ code, severity, range }) => `${range.start.line} ${code}${severity === 'warning' ? '?' : ''}`,
  );
}
