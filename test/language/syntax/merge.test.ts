import assert from 'node:assert/strict';
import { Diagnostics } from '../../../src/language/diagnostics/report.ts';
import { SourceFile } from '../../../src/language/diagnostics/source-file.ts';
import { readFlow } from '../../../src/language/syntax/read-flow.ts';

function read(text: string) {
  const report = new Diagnostics(new SourceFile('flow.yaml', text), []);
  const flow = readFlow(report);
  const said = report.diagnostics.map(({ code, range }) => `${range.start.line}:${range.start.column} ${code}`);
  return { flow, said };
}

describe('merge keys', () => {
  it('merge keys that a mapping lacks, earlier mappings first', () => {
    const { flow, said } = read(`
x-slow: &slow { resources: { memory: 512, timeout: 2m }, retry: 3 }
x-quick: &quick { retry: 1, secrets: [KEY] }
flow: F
steps:
  - <<: [*quick, *slow]
    step: a
    run: pass
    resources: { memory: 1024 }
  - step: b
    run: pass
    retry: { <<: { times: 2, backoff: 1s }, times: 4 }
`);
    assert.deepEqual(said, []);
    const [a, b] = flow?.steps ?? [];
    assert.ok(a?.kind === 'step' && b?.kind === 'step');
    assert.deepEqual(
      [a.resources.memoryMB, a.resources.timeoutMs, a.retry?.times, a.secrets.map(({ value }) => value)],
      [1024, 60_000, 1, ['KEY']],
    );
    assert.deepEqual([b.retry?.times, b.retry?.backoffMs], [4, 1000]);
  });

  it('are reported at the position of the merged key', () => {
    const { said } = read('flow: F\nx-a: &a { retri: 3 }\nsteps:\n  - { <<: *a, step: a, run: pass }\n');
    assert.deepEqual(said, ['2:11 unknown-key']);
  });

  it('merge only mappings, and only if unquoted', () => {
    const step = 'steps:\n  - { step: a, run: pass, retry: { <<: 3 } }\n';
    assert.deepEqual(read(`flow: F\n${step}`).said, ['3:36 bad-merge']);
    assert.deepEqual(read(`flow: F\n${step.replace('<<: 3', '"<<": { times: 3 }')}`).said, ['3:36 unknown-key']);
    assert.deepEqual(read('flow: F\nx-a: &a { <<: *a }\nsteps: [{ step: a, run: pass }]\n').said, [
      '2:15 circular-alias',
    ]);
  });

  it('make cases of a switch', () => {
    const { flow } = read(`
x-cases: &cases { 1: [{ step: one, run: pass }] }
flow: F
steps:
  - switch: n
    cases: { <<: *cases, 2: [] }
`);
    const [element] = flow?.steps ?? [];
    assert.deepEqual(element?.kind === 'switch' && element.cases.map(({ value }) => Number(value.value)), [2, 1]);
  });
});
