import type { SourceFile } from '../language/diagnostics/source-file.ts';
import type { Located, Span } from '../language/model/flow.ts';

/** A `*.test.yaml`, typed; everything in it knows its place. */
export interface TestFile {
  source: SourceFile;
  /** Relative to the test file; absent where it goes without saying. */
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

/** A value under a name. */
export interface Named {
  name: Located<string>;
  value: unknown;
}

/** Values by their names alone. */
export function valuesOf(named: readonly Named[]): Record<string, unknown> {
  return Object.fromEntries(named.map(({ name, value }) => [name.value, value]));
}

/** What stands in for a step. */
export interface Mock {
  step: Located<string>;
  /** As the schema has it: what the runner of the cases takes. */
  value: Record<string, unknown>;
  /** Artifacts that it sets, those of `each` included. */
  sets: Located<string>[];
  /** The keys that say what it does where it does not fail, those of `each` included. */
  results: Located<'set' | 'run' | 'returns'>[];
  /** Where each of several mocks stands. */
  each?: Located<number>;
}

export type ExpectedStatus = 'succeeded' | 'failed';

export interface Expectation {
  /** At the `error` or the case's name where no status is written. */
  status: Located<ExpectedStatus>;
  path?: { steps: PathStep[]; span: Span };
  attempts: { step: Located<string>; count: number }[];
  artifacts: ExpectedArtifact[];
  /** A part of the failure's text. */
  error?: Located<string>;
}

/** `shout x3`. */
export interface PathStep {
  step: Located<string>;
  tasks: number;
}

export interface ExpectedArtifact {
  /** The step after which it is looked at; the flow's last where there is none. */
  step?: string;
  name: string;
  value: unknown;
  /** Of the key. */
  span: Span;
}
