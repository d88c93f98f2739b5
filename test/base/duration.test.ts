import assert from 'node:assert/strict';
import { formatDurationMs, parseDurationMs } from '../../src/base/duration.ts';

describe('parseDurationMs', () => {
  for (const [text, durationMs] of [
    [90, 90_000],
    [0.5, 500],
    ['90', 90_000],
    ['90s', 90_000],
    ['2m', 120_000],
    ['500ms', 500],
    ['1h', 3_600_000],
    ['1m30s', 90_000],
    ['1.5s', 1500],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(parseDurationMs(text), durationMs));
  }

  for (const text of ['', 'soon', '0', '0s', '-1s', '5 minutes', '1d', 's', '1m30', '9'.repeat(30)]) {
    it(`refuses "${text}"`, () => assert.equal(parseDurationMs(text), undefined));
  }

  it('writes what it reads', () => {
    for (const text of ['500ms', '90s', '2m', '1h']) {
      assert.equal(formatDurationMs(parseDurationMs(text) as number), text);
    }
  });
});
