import type { CaseResult } from '../run-tests.ts';
import { hasPassed, placeOf, type Reporter, seconds } from './reporter.ts';

/** JUnit XML as CI systems read it: one suite per file; the class of a case is its flow. */
export function junitReporter(): Reporter {
  return {
    result: () => '',
    end(results, ms) {
      const files = [...new Set(results.map((result) => result.tests.source.name))];
      const counts = `tests="${results.length}" failures="${failuresOf(results)}" time="${seconds(ms)}"`;
      return [
        '<?xml version="1.0" encoding="UTF-8"?>',
        `<testsuites name="nuvopipe" ${counts}>`,
        ...files.flatMap((file) =>
          suite(
            file,
            results.filter((result) => result.tests.source.name === file),
          ),
        ),
        '</testsuites>',
      ].join('\n');
    },
  };
}

function failuresOf(results: readonly CaseResult[]): number {
  return results.filter((result) => !hasPassed(result)).length;
}

function suite(file: string, results: readonly CaseResult[]): string[] {
  const time = seconds(results.reduce((sum, { ms }) => sum + ms, 0));
  const counts = `tests="${results.length}" failures="${failuresOf(results)}" time="${time}"`;
  return [`  <testsuite name="${escaped(file)}" ${counts}>`, ...results.flatMap(testCase), '  </testsuite>'];
}

function testCase(result: CaseResult): string[] {
  const { flow } = result.tests.bundle.plan;
  const open = `    <testcase classname="${escaped(flow)}" name="${escaped(result.case.name.value)}" file="${escaped(result.tests.source.name)}" time="${seconds(result.ms)}"`;
  if (hasPassed(result)) return [`${open}/>`];
  const texts = result.mismatches.map((mismatch) => {
    const { message, expected, actual } = mismatch;
    const both = [...(expected ? ['expected:', ...expected] : []), ...(actual ? ['actual:', ...actual] : [])];
    return [`${placeOf(result, mismatch)}: ${message}`, ...both].join('\n');
  });
  const first = result.mismatches[0]?.message ?? '';
  const output = result.log === '' ? [] : [`      <system-out>${escaped(result.log)}</system-out>`];
  const failure = `      <failure message="${escaped(first)}">${escaped(texts.join('\n\n'))}</failure>`;
  return [`${open}>`, failure, ...output, '    </testcase>'];
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0 does not allow most control characters. */
function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are the ones
  const legal = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
  return legal.replace(/[&<>"]/g, (char) => ENTITIES[char] as string);
}
