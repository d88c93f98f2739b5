import { isNumber, isSameNumber, toJson } from '../base/json.ts';
import type { Span } from '../language/model/flow.ts';
import { isInteger } from '../language/model/parameters.ts';
import type { FlowSteps } from './flow-steps.ts';
import type { ExpectedArtifact, TestCase } from './test-file.ts';
import type { Attempt, CaseOutcome, FinishedRun, ReadTask } from './test-outcome.ts';

/** A difference between expectation and outcome. */
export interface Mismatch {
  message: string;
  /** Position of the expectation in the test file. */
  span: Span;
  /** Lines; absent if the message is complete. */
  expected?: string[];
  actual?: string[];
}

/** Compares the outcome of a case with its expectations. */
export function judge(one: TestCase, outcome: CaseOutcome, steps: FlowSteps, end: string): Mismatch[] {
  if ('broken' in outcome) return [{ message: `the case could not run: ${outcome.broken}`, span: one.name.span }];
  if ('problem' in outcome) {
    const { step, message } = outcome.problem;
    const mock = one.mocks.find((each) => each.step.value === step);
    const said = mock === undefined ? `${step} ${message}` : `the mock of ${step} failed: ${message}`;
    return [{ message: said, span: (mock?.step ?? one.name).span }];
  }
  return [
    ...judgeStatus(one, outcome),
    ...judgePath(one, outcome, steps),
    ...judgeAttempts(one, outcome),
    ...one.expect.artifacts.flatMap((artifact) => judgeArtifact(artifact, outcome, steps, end)),
  ];
}

/** The artifacts that a case expects, by step. */
export function artifactsToRead({ expect }: TestCase, end: string): Record<string, string[]> {
  const wanted: Record<string, string[]> = {};
  for (const { step = end, name } of expect.artifacts) {
    wanted[step] ??= [];
    wanted[step].push(name);
  }
  return wanted;
}

function judgeStatus(
  { expect: { status, error } }: TestCase,
  { status: actual, error: failure }: FinishedRun,
): Mismatch[] {
  const said = failure ? [failure.step === undefined ? failure.message : `${failure.step}: ${failure.message}`] : [];
  if (actual !== status.value) {
    return [
      {
        message: `the run ${actual}`,
        span: status.span,
        expected: [status.value],
        actual: [actual, ...said.flatMap(lines)],
      },
    ];
  }
  if (error === undefined || failure?.message.includes(error.value)) return [];
  const message = 'the run failed with a different error';
  return [{ message, span: error.span, expected: lines(error.value), actual: said.flatMap(lines) }];
}

function judgePath({ expect: { path } }: TestCase, { attempts }: FinishedRun, steps: FlowSteps): Mismatch[] {
  if (path === undefined) return [];
  const tasks = tasksOf(attempts);
  const actual = steps.names.flatMap((step) => {
    const count = tasks.get(step)?.size ?? 0;
    return count === 0 ? [] : [pathStep(step, count)];
  });
  const expected = path.steps.map(({ step, tasks: count }) => pathStep(step.value, count));
  if (expected.join() === actual.join()) return [];
  return [{ message: 'the run took a different path', span: path.span, expected, actual }];
}

function pathStep(step: string, tasks: number): string {
  return tasks === 1 ? step : `${step} x${tasks}`;
}

/** Tasks by step; a task with several attempts counts once. */
function tasksOf(attempts: readonly Attempt[]): Map<string, Set<string>> {
  const tasks = new Map<string, Set<string>>();
  for (const { step, at } of attempts) tasks.set(step, (tasks.get(step) ?? new Set()).add(at.join()));
  return tasks;
}

function judgeAttempts({ expect }: TestCase, { attempts }: FinishedRun): Mismatch[] {
  return expect.attempts.flatMap(({ step, count }) => {
    const made = attempts.filter((attempt) => attempt.step === step.value);
    if (made.length === count) return [];
    const failures = made.flatMap(({ error }) => (error ? lines(error).slice(0, 1) : []));
    const actual = [String(made.length), ...failures];
    const message = `${step.value} had a different number of attempts`;
    return [{ message, span: step.span, expected: [String(count)], actual }];
  });
}

function judgeArtifact(
  { step, name, value, span }: ExpectedArtifact,
  { artifacts }: FinishedRun,
  { many }: FlowSteps,
  end: string,
): Mismatch[] {
  const tasks = artifacts[step ?? end] ?? [];
  const shownName = step === undefined ? name : `${step}.${name}`;
  if (tasks.length === 0) {
    const what = step === undefined ? 'the run did not reach its last step' : `${step} stored nothing`;
    return [{ message: `there is no artifact ${shownName}: ${what}`, span }];
  }
  const unreadable = tasks.find((task) => task.unreadable[name] !== undefined)?.unreadable[name];
  if (unreadable !== undefined) return [{ message: `${shownName} cannot be read: ${unreadable}`, span }];
  const isList = step !== undefined && many.has(step);
  const has = tasks.filter((task) => Object.hasOwn(task.values, name)).length;
  // A list has null for tasks without the artifact, for example after another case of a switch.
  if (has === 0 || (!isList && has < tasks.length)) return [{ message: `there is no artifact ${shownName}`, span }];
  const actual = isList ? tasks.map((task) => artifactOf(task, name)) : artifactOf(tasks[0] as ReadTask, name);
  if (isSame(value, actual)) return [];
  return [{ message: `${shownName} has a different value`, span, expected: shown(value), actual: shown(actual) }];
}

function artifactOf({ values }: ReadTask, name: string): unknown {
  return values[name] ?? null;
}

/** Relative tolerance for numbers unless both are integers: a few roundings of double precision. */
const RELATIVE_TOLERANCE = 1e-9;

/** Equality of JSON values; the order of keys does not matter. */
function isSame(expected: unknown, actual: unknown): boolean {
  if (isNumber(expected) && isNumber(actual)) {
    if (isSameNumber(expected, actual)) return true;
    if (isInteger(expected) && isInteger(actual)) return false;
    const [wanted, got] = [Number(expected), Number(actual)];
    return Math.abs(wanted - got) <= RELATIVE_TOLERANCE * Math.max(Math.abs(wanted), Math.abs(got));
  }
  if (isNumber(expected) !== isNumber(actual) && typeof expected !== 'number') return false;
  if (typeof expected === 'number') return !Number.isFinite(expected) && String(expected) === actual;
  if (typeof expected !== 'object' || typeof actual !== 'object' || expected === null || actual === null)
    return (expected ?? null) === (actual ?? null);
  if (Array.isArray(expected) !== Array.isArray(actual)) return false;
  const keys = Object.keys(expected);
  return (
    keys.length === Object.keys(actual).length &&
    keys.every((key) => Object.hasOwn(actual, key) && isSame((expected as never)[key], (actual as never)[key]))
  );
}

/** Values that fit into one line stay on one line. */
const ONE_LINE_MAX = 72;

function shown(value: unknown): string[] {
  const line = toJson(finite(value));
  return line.length <= ONE_LINE_MAX ? [line] : toJson(finite(value), 2).split('\n');
}

/** JSON has no NaN or infinity; the runner also writes their names. */
function finite(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null || isNumber(value)) return value;
  if (Array.isArray(value)) return value.map(finite);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, finite(item)]));
}

function lines(text: string): string[] {
  return text.split('\n');
}
