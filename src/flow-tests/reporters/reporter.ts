import type { CaseResult } from '../run-tests.ts';

/** Writes results as they arrive; the return value goes to the output, without a final newline. */
export interface Reporter {
  begin?(cases: number): string;
  /** Called per case; the cases of a file are consecutive. */
  result(result: CaseResult): string;
  end(results: readonly CaseResult[], ms: number): string;
}

export function hasPassed({ mismatches }: CaseResult): boolean {
  return mismatches.length === 0;
}

/** Position of a mismatch in the test file: `flow.test.yaml:12:5`. */
export function placeOf({ tests }: CaseResult, { span }: CaseResult['mismatches'][number]): string {
  const { line, column } = tests.source.position(span[0]);
  return `${tests.source.name}:${line}:${column}`;
}

export const seconds = (ms: number) => (ms / 1000).toFixed(3);
