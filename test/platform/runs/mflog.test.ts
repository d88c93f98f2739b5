import assert from 'node:assert/strict';
import { mergeLogs, parseLog } from '../../../src/platform/runs/mflog.ts';

const line = (time: string, text: string) => `[MFLOG|0|2026-01-02T03:04:${time}Z|task|4f1c-id]${text}\n`;

describe('mflog', () => {
  it('parses what Metaflow writes: brackets, blanks and nothing at all in the text', () => {
    const content = line('05.000001', 'a [b] c ]') + line('05.000002', '') + line('06.000000', '  ünïcode 🎉');
    assert.deepEqual(
      parseLog(content, 'stdout').map(({ time, text }) => [time.slice(-9), text]),
      [
        ['05.000001', 'a [b] c ]'],
        ['05.000002', ''],
        ['06.000000', '  ünïcode 🎉'],
      ],
    );
  });

  it('removes Metaflow’s marker from lines', () => {
    assert.equal(parseLog(`[!${line('05.000001', 'x')}`, 'stderr')[0]?.text, 'x');
  });

  it('attaches a line without a header to the preceding one', () => {
    const merged = mergeLogs([
      parseLog(`${line('05.000000', 'first')}torn\n${line('07.000000', 'third')}`, 'stdout'),
      parseLog(line('06.000000', 'second'), 'stderr'),
    ]);
    assert.deepEqual(
      merged.map(({ text }) => text),
      ['first', 'torn', 'second', 'third'],
    );
  });

  it('returns no lines without a log', () => {
    assert.deepEqual(parseLog('', 'stdout'), []);
  });
});
