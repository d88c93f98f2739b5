import assert from 'node:assert/strict';
import { harmless, harmlessText, lastState } from '../../../src/base/terminal/harmless.ts';

describe('harmless text', () => {
  const cases: [what: string, line: string, shown: string][] = [
    ['plain text, in any alphabet', 'plain é 😀 日本\ttab', 'plain é 😀 日本\ttab'],
    ['no colours without a terminal', '\u001b[31mred\u001b[0m', 'red'],
    ['no erasing, no title', '\u001b[2J\u001b]0;title\u0007 after', ' after'],
    ['a title that ends with ST', '\u001b]2;x\u001b\\after', 'after'],
    ['text after a title that does not end', '\u001b]0;text', '0;text'],
    ['no cursor movement', 'a\u001b[3A\u001b[10;10Hb\u001b[?25l\u001b[6n', 'ab'],
    ['no device control, no application command', '\u001bPq#0\u001b\\a\u001b_x\u001b\\b', 'ab'],
    ['no eight-bit sequences', 'a\u009b31mb\u009d0;t\u009cc', 'abc'],
    ['no reset, no character sets', '\u001bca\u001b(0b', 'ab'],
    ['symbols for other controls', 'nul\u0000 bel\u0007 bs\u0008 del\u007f nel\u0085', 'nul␀ bel␇ bs␈ del␡ nel\ufffd'],
    ['symbols for an escape that is none', 'a\u001b', 'a␛'],
    ['the last state of a progress bar', '\rprogress 0%\rprogress 20%', 'progress 20%'],
    ['a line that ends as on Windows', 'cr lf\r', 'cr lf'],
    ['a bar that was wiped', 'half\r\u001b[K', ''],
  ];
  for (const [what, line, shown] of cases) it(`shows ${what}`, () => assert.equal(harmless(line), shown));

  it('keeps colours on a terminal, and ends them with the line', () => {
    assert.equal(harmless('\u001b[1;31mred\u001b[2J x', true), '\u001b[1;31mred x\u001b[0m');
    assert.equal(harmless('\u001b[>4mred', true), 'red');
    assert.equal(harmless('plain', true), 'plain');
  });

  it('keeps the lines of a text', () => {
    assert.equal(harmlessText('one\u001b[2J\ntwo\r\nthree'), 'one\ntwo\nthree');
  });

  it('takes time linear in the length of a line', () => {
    const started = performance.now();
    harmless('\u001b]0;'.repeat(100_000));
    harmless(`${'\u001b['.repeat(100_000)}`);
    harmless('\u009d'.repeat(200_000));
    for (const end of ['', 'x']) harmless(`${'\r'.repeat(500_000)}${end}`);
    assert.ok(performance.now() - started < 2_000);
  });

  it('knows what was written last', () => {
    assert.equal(lastState('a\rb\r\r'), 'b');
    assert.equal(lastState('a'), 'a');
    assert.equal(lastState('\r\r'), '');
    assert.equal(lastState(''), '');
  });
});
