import type { CaseResult } from '../run-tests.ts';

/** Writes results as they come; what it returns goes to the output, without a newline at its end. */
export interface Reporter {
  begin?(cases: number): string;
  /** Of a case; the cases of a file come one after the other. */
  result(result: CaseResult): string;
  end(results: readonly CaseResult[], ms: number): string;
}

export function hasPassed({ mismatches }: CaseResult): boolean {
  return mismatches.length === 0;
}

/** Where a mismatch stands in the test file: `flow.test.yaml:12:5`. */
export function placeOf({ tests }: CaseResult, { span }: CaseResult['mismatches'][number]): string {
  const { line, column } = tests.source.position(span[0]);
  return `${tests.source.name}:${line}:${column}`;
}

export const seconds = (ms: number) => (ms / 1000).toFixed(3);
