import { stringify } from 'yaml';
import type { CaseResult } from '../run-tests.ts';
import { hasPassed, placeOf, type Reporter } from './reporter.ts';

/** Test Anything Protocol, version 14 (https://testanything.org). */
export function tapReporter(): Reporter {
  let number = 0;
  return {
    begin: (cases) => `TAP version 14\n1..${cases}`,
    result(result) {
      number++;
      const title = escaped(`${result.tests.source.name}: ${result.case.name.value}`);
      return `${hasPassed(result) ? 'ok' : 'not ok'} ${number} - ${title}\n${details(result)}`;
    },
    end: () => '',
  };
}

/** Characters that would end a description or start a directive. */
function escaped(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\#]/g, '\\$&');
}

function details(result: CaseResult): string {
  const failures = result.mismatches.map((mismatch) => ({
    message: mismatch.message,
    at: placeOf(result, mismatch),
    ...(mismatch.expected && { expected: mismatch.expected.join('\n') }),
    ...(mismatch.actual && { actual: mismatch.actual.join('\n') }),
  }));
  const block = { duration_ms: Math.round(result.ms), ...(failures.length > 0 && { failures }) };
  const yaml = stringify(block, { lineWidth: 0 }).trimEnd().split('\n');
  return ['---', ...yaml, '...'].map((line) => `  ${line}`).join('\n');
}
