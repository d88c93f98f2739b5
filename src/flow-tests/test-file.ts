import type { SourceFile } from '../language/diagnostics/source-file.ts';
import type { Located, Span } from '../language/model/flow.ts';

/** A typed `*.test.yaml`; everything in it knows its position. */
export interface TestFile {
  source: SourceFile;
  /** Relative to the test file; absent if implied. */
  flow?: Located<string>;
  cases: TestCase[];
}

export interface TestCase {
  name: Located<string>;
  parameters: Named[];
  /** Values of the flow's secrets. */
  secrets: Named[];
  mocks: Mock[];
  /** On the local platform. */
  platform: boolean;
  expect: Expectation;
}

/** A named value. */
export interface Named {
  name: Located<string>;
  value: unknown;
}

/** Values by name, without positions. */
export function valuesOf(named: readonly Named[]): Record<string, unknown> {
  return Object.fromEntries(named.map(({ name, value }) => [name.value, value]));
}

/** A replacement for a step. */
export interface Mock {
  step: Located<string>;
  /** In the form of the schema, which the runner accepts. */
  value: Record<string, unknown>;
  /** Artifacts that it sets, including those of `each`. */
  sets: Located<string>[];
  /** Keys that define what it does when it does not fail, including those of `each`. */
  results: Located<'set' | 'run' | 'returns'>[];
  /** Positions of several mocks. */
  each?: Located<number>;
}

export type ExpectedStatus = 'succeeded' | 'failed';

export interface Expectation {
  /** Position of `error` or the case's name if no status is written. */
  status: Located<ExpectedStatus>;
  path?: { steps: PathStep[]; span: Span };
  attempts: { step: Located<string>; count: number }[];
  artifacts: ExpectedArtifact[];
  /** Part of the failure's message. */
  error?: Located<string>;
}

/** `shout x3`. */
export interface PathStep {
  step: Located<string>;
  tasks: number;
}

export interface ExpectedArtifact {
  /** The step after which it is read; absent: the flow's last step. */
  step?: string;
  name: string;
  value: unknown;
  /** Position of the key. */
  span: Span;
}
