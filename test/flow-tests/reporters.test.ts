import assert from 'node:assert/strict';
import { plainPalette } from '../../src/base/terminal/palette.ts';
import type { Bundle } from '../../src/contract/manifest.ts';
import type { LoadedTests } from '../../src/flow-tests/load-tests.ts';
import { junitReporter } from '../../src/flow-tests/reporters/junit.ts';
import type { Reporter } from '../../src/flow-tests/reporters/reporter.ts';
import { specReporter } from '../../src/flow-tests/reporters/spec.ts';
import { tapReporter } from '../../src/flow-tests/reporters/tap.ts';
import type { CaseResult } from '../../src/flow-tests/run-tests.ts';
import { SourceFile } from '../../src/language/diagnostics/source-file.ts';

const source = new SourceFile('flow.test.yaml', 'cases:\n  - name: wrong\n    expect: { path: [a] }\n');
const tests = {
  source,
  cases: [],
  bundle: { plan: { flow: 'ShopFlow' } } as unknown as Bundle,
  steps: { names: [], many: new Set(), calls: new Set() },
} as LoadedTests;

function result(name: string, more: Partial<CaseResult> = {}): CaseResult {
  const one = {
    ...{ name: { value: name, span: [0, 1] as const }, parameters: [], secrets: [], mocks: [], platform: false },
    expect: { status: { value: 'succeeded' as const, span: [0, 1] as const }, attempts: [], artifacts: [] },
  };
  return { tests, case: one, mismatches: [], log: '', ms: 41.6, ...more };
}

const start = source.text.indexOf('[a]');
const results = [
  result('right'),
  result('wrong # <1>', {
    mismatches: [
      { message: 'the run took a different path', span: [start, start + 3], expected: ['a'], actual: ['a', 'b x2'] },
      { message: 'there is no artifact x', span: [start, start + 1] },
    ],
    log: 'first\nTypeError: "<&>" \u001b[0m\n',
  }),
];

function written(reporter: Reporter): string {
  const parts = [
    reporter.begin?.(results.length),
    ...results.map((each) => reporter.result(each)),
    reporter.end(results, 1_234),
  ];
  return parts.filter(Boolean).join('\n');
}

describe('reporters of nuvopipe test', () => {
  it('spec shows expected and actual values at their position', () => {
    assert.equal(
      written(specReporter(plainPalette)),
      `flow.test.yaml
  ✓ right (42 ms)
  ✗ wrong # <1> (42 ms)

      flow.test.yaml:3:21: error[failed]: the run took a different path
        3 |     expect: { path: [a] }
          |                     ^^^
        - expected  + actual
          a
        + b x2

      flow.test.yaml:3:21: error[failed]: there is no artifact x
        3 |     expect: { path: [a] }
          |                     ^

      last output of its steps:
        first
        TypeError: "<&>" \ufffd[0m


1 passed, 1 failed (1.2 s)`,
    );
  });

  it('tap is TAP 14', () => {
    assert.equal(
      written(tapReporter()),
      `TAP version 14
1..2
ok 1 - flow.test.yaml: right
  ---
  duration_ms: 42
  ...
not ok 2 - flow.test.yaml: wrong \\# <1>
  ---
  duration_ms: 42
  failures:
    - message: the run took a different path
      at: flow.test.yaml:3:21
      expected: a
      actual: |-
        a
        b x2
    - message: there is no artifact x
      at: flow.test.yaml:3:21
  ...`,
    );
  });

  it('junit is XML that CI systems read', () => {
    assert.equal(
      written(junitReporter()),
      `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nuvopipe" tests="2" failures="1" time="1.234">
  <testsuite name="flow.test.yaml" tests="2" failures="1" time="0.083">
    <testcase classname="ShopFlow" name="right" file="flow.test.yaml" time="0.042"/>
    <testcase classname="ShopFlow" name="wrong # &lt;1&gt;" file="flow.test.yaml" time="0.042">
      <failure message="the run took a different path">flow.test.yaml:3:21: the run took a different path
expected:
a
actual:
a
b x2

flow.test.yaml:3:21: there is no artifact x</failure>
      <system-out>first
TypeError: &quot;&lt;&amp;&gt;&quot; \ufffd[0m
</system-out>
    </testcase>
  </testsuite>
</testsuites>`,
    );
  });
});
