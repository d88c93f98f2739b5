import assert from 'node:assert/strict';
import { WholeFloat } from '../../src/base/json.ts';
import type { FlowSteps } from '../../src/flow-tests/flow-steps.ts';
import { judge } from '../../src/flow-tests/judge.ts';
import type { Expectation, TestCase } from '../../src/flow-tests/test-file.ts';
import type { CaseOutcome, FinishedRun } from '../../src/flow-tests/test-outcome.ts';

const steps: FlowSteps = { names: ['load', 'shout', 'collect', 'report'], many: new Set(['shout']), calls: new Set() };
const at = { span: [0, 1] as const };

function located<T>(value: T) {
  return { value, ...at };
}

function expecting(expect: Partial<Expectation>): TestCase {
  const all = { status: located('succeeded' as const), attempts: [], artifacts: [], ...expect };
  return { name: located('a case'), parameters: [], secrets: [], mocks: [], platform: false, expect: all };
}

function attempt(step: string, coordinate: number[] = [], number = 0, error?: string) {
  return { step, at: coordinate, attempt: number, ok: error === undefined, ...(error && { error }), ms: 1 };
}

function finished(run: Partial<FinishedRun>): FinishedRun {
  return { status: 'succeeded', attempts: [], artifacts: {}, log: '', ms: 1, ...run };
}

function messages(one: Partial<Expectation>, outcome: CaseOutcome): string[] {
  return judge(expecting(one), outcome, steps, 'end').map(({ message }) => message);
}

function artifact(name: string, value: unknown, step?: string) {
  return { artifacts: [{ ...(step && { step }), name, value, ...at }] };
}

function left(step: string, ...values: Record<string, unknown>[]): FinishedRun {
  return finished({
    artifacts: { [step]: values.map((each, index) => ({ at: [index], values: each, unreadable: {} })) },
  });
}

describe('what a case expects', () => {
  it('is success by default', () => {
    assert.deepEqual(messages({}, finished({})), []);
    const failed = finished({ status: 'failed', error: { step: 'load', message: 'KeyError: x\nmore' } });
    const [mismatch] = judge(expecting({}), failed, steps, 'end');
    assert.deepEqual(mismatch?.actual, ['failed', 'load: KeyError: x', 'more']);
  });

  it('is a failure with a text in it', () => {
    const expect = { status: located('failed' as const), error: located('refused') };
    const failed = (message: string) => finished({ status: 'failed', error: { message } });
    assert.deepEqual(messages(expect, failed('ConnectionError: refused')), []);
    assert.deepEqual(messages(expect, failed('KeyError')), ['the run failed with a different error']);
    assert.deepEqual(messages(expect, finished({})), ['the run succeeded']);
  });

  it('is a path: tasks by step in the order of the file, without those that are not in it', () => {
    const path = (...wanted: [string, number][]) => ({
      path: { steps: wanted.map(([step, tasks]) => ({ step: located(step), tasks })), ...at },
    });
    const attempts = [
      ...[attempt('report'), attempt('load', [], 0, 'refused'), attempt('load', [], 1)],
      ...[attempt('shout', [1]), attempt('fork_load'), attempt('shout', [0])],
    ];
    const run = finished({ attempts });
    assert.deepEqual(messages(path(['load', 1], ['shout', 2], ['report', 1]), run), []);
    const [mismatch] = judge(expecting(path(['load', 1], ['collect', 1])), run, steps, 'end');
    assert.deepEqual(mismatch?.actual, ['load', 'shout x2', 'report']);
  });

  it('is a number of attempts', () => {
    const run = finished({ attempts: [attempt('load', [], 0, 'refused'), attempt('load', [], 1)] });
    const tries = (count: number) => ({ attempts: [{ step: located('load'), count }] });
    assert.deepEqual(messages(tries(2), run), []);
    const [mismatch] = judge(expecting(tries(3)), run, steps, 'end');
    assert.deepEqual([mismatch?.expected, mismatch?.actual], [['3'], ['2', 'refused']]);
    assert.equal(messages({ attempts: [{ step: located('report'), count: 0 }] }, run).length, 0);
  });

  it('is an artifact, with its roundings', () => {
    const same = (expected: unknown, actual: unknown) => messages(artifact('x', expected), left('end', { x: actual }));
    for (const [expected, actual] of [
      [0.3, 0.1 + 0.2],
      [3, new WholeFloat(3)],
      [new WholeFloat(3), 3.0000000001],
      [12345678901234567890n, 12345678901234567890n],
      [
        { a: [1, null], b: 'x' },
        { b: 'x', a: [1, null] },
      ],
      [null, null],
      [Number.NaN, 'NaN'],
      [-Number.POSITIVE_INFINITY, '-Infinity'],
    ]) {
      assert.deepEqual(same(expected, actual), [], String(expected));
    }
    for (const [expected, actual] of [
      [0.3, 0.3001],
      [10_000_000_001, 10_000_000_002],
      [12345678901234567890n, 12345678901234567891n],
      [2n ** 60n, 2 ** 59],
      [new WholeFloat(1), {}],
      [{}, new WholeFloat(1)],
      [2n ** 60n, String(2n ** 60n)],
      [1, '1'],
      [1, true],
      [[1], { 0: 1 }],
      [{ a: 1 }, { a: 1, b: 2 }],
      [null, 0],
      [[1, 2], [1]],
      ['NaN', null],
    ]) {
      assert.deepEqual(same(expected, actual), ['x has a different value'], String(expected));
    }
  });

  it('is an artifact of each task of a step in a foreach', () => {
    const run = left('shout', { loud: 'A' }, { loud: 'B' }, {});
    assert.deepEqual(messages(artifact('loud', ['A', 'B', null], 'shout'), run), []);
    assert.deepEqual(messages(artifact('soft', [], 'shout'), run), ['there is no artifact shout.soft']);
  });

  it('reports missing artifacts', () => {
    assert.deepEqual(messages(artifact('x', 1), left('end', {})), ['there is no artifact x']);
    assert.deepEqual(messages(artifact('x', 1), finished({})), [
      'there is no artifact x: the run did not reach its last step',
    ]);
    assert.deepEqual(messages(artifact('x', 1, 'report'), finished({})), [
      'there is no artifact report.x: report stored nothing',
    ]);
    const unreadable = finished({
      artifacts: { end: [{ at: [], values: {}, unreadable: { x: 'ImportError: torch' } }] },
    });
    assert.deepEqual(messages(artifact('x', 1), unreadable), ['x cannot be read: ImportError: torch']);
  });

  it('shows long values in lines', () => {
    const long = Array.from({ length: 40 }, (_, index) => index);
    const [mismatch] = judge(expecting(artifact('x', long)), left('end', { x: [1] }), steps, 'end');
    assert.equal(mismatch?.expected?.length, 42);
    assert.deepEqual(mismatch?.actual, ['[1]']);
  });

  it('fails if the case could not run', () => {
    assert.deepEqual(messages({}, { broken: 'KeyError' }), ['the case could not run: KeyError']);
    const one = expecting({});
    one.mocks.push({ step: { value: 'load', span: [7, 9] }, value: {}, sets: [], results: [] });
    const problem = { problem: { step: 'load', message: 'there is no exception X' } };
    const [mismatch] = judge(one, problem, steps, 'end');
    assert.deepEqual(mismatch, { message: 'the mock of load failed: there is no exception X', span: [7, 9] });
  });
});
