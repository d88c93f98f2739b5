import assert from 'node:assert/strict';
import { Diagnostics } from '../../../src/language/diagnostics/report.ts';
import { SourceFile } from '../../../src/language/diagnostics/source-file.ts';
import { parse } from '../../../src/language/syntax/parse.ts';

/** Each the first thing that is said of a flow file, below `flow: F`: line:column, code, hint. */
const MISTAKES: [what: string, text: string, place: string, code: string, hint: string][] = [
  [
    'a key deeper than the one before',
    'steps:\n  - step: a\n     run: pass\n',
    '4:6',
    'bad-indent',
    'indent it with 4 spaces, like line 3',
  ],
  [
    'the same in a list that is not indented',
    'steps:\n- step: a\n   run: pass\n',
    '4:4',
    'bad-indent',
    'indent it with 2 spaces, like line 3',
  ],
  [
    'a key less deep than the one before',
    'steps:\n  - step: a\n    run: pass\n   retry: 2\n',
    '5:4',
    'bad-indent',
    'indent it with 4 spaces, like line 4',
  ],
  [
    'a key in the column of the dash',
    'steps:\n  - step: a\n    run: pass\n  retry: 2\n',
    '5:3',
    'bad-indent',
    'indent it with 4 spaces, like line 4',
  ],
  [
    'a key in a nested mapping',
    'resources:\n  memory: 512\n   timeout: 1m\n',
    '4:4',
    'bad-indent',
    'indent it with 2 spaces, like line 3',
  ],
  ['a key of the flow', ' outputs: [a]\n', '2:2', 'bad-indent', 'start it in the first column'],
  [
    'a key of the flow after steps',
    'steps:\n  - step: a\n    run: pass\n outputs: [a]\n',
    '5:2',
    'bad-indent',
    'start it in the first column',
  ],
  [
    'a deeper item',
    'steps:\n  - step: a\n    run: pass\n   - step: b\n     run: pass\n',
    '5:4',
    'bad-indent',
    'indent it with 2 spaces, like line 3',
  ],
  [
    'an item less deep',
    'steps:\n  - step: a\n    run: pass\n - step: b\n   run: pass\n',
    '5:2',
    'bad-indent',
    'indent it with 2 spaces, like line 3',
  ],
  [
    'a line of Python',
    'steps:\n  - step: a\n    run: |\n      x = 1\n     y = 2\n',
    '6:6',
    'bad-indent',
    'indent it with 6 spaces, like line 5',
  ],
  [
    'a join',
    'steps:\n  - foreach: xs\n    steps:\n      - step: a\n        run: pass\n     join: { collect: [a] }\n',
    '7:6',
    'bad-indent',
    'indent it with 4 spaces, like line 4',
  ],
  [
    'a text without its second quote',
    'description: "hello\nsteps:\n  - step: a\n',
    '2:14',
    'open-quote',
    'add the closing quote',
  ],
  [
    'a text that another quote ends',
    'steps:\n  - step: a\n    run: "pass\n    retry: "2"\n',
    '4:10',
    'open-quote',
    'add the closing quote',
  ],
  [
    'a key without its second quote',
    'steps:\n  - step: a\n    "run: pass\n    retry: 2\n',
    '4:5',
    'open-quote',
    'add the closing quote',
  ],
  [
    'a quote within single quotes',
    "description: 'it's fine'\n",
    '2:17',
    'quote-in-quotes',
    "write '' for a quote within single quotes, or put the text in double quotes",
  ],
  [
    'a quote within double quotes',
    'steps:\n  - step: a\n    run: "print("x")"\n',
    '4:17',
    'quote-in-quotes',
    'write \\" for a quote within double quotes, or put the text on its own lines after "|"',
  ],
  ['a key without a colon', 'steps:\n  - step a\n    run: pass\n', '3:5', 'missing-colon', 'write "step: a"'],
  [
    'a key without a colon and a value',
    'steps\n  - step: a\n    run: pass\n',
    '2:1',
    'missing-colon',
    'write "steps:"',
  ],
  ['an open bracket', 'outputs: [a\nsteps:\n  - step: a\n', '2:10', 'open-bracket', 'add the closing ]'],
  ['an open brace in brackets', 'steps: [{ step: a, run: {pass }]\n', '2:9', 'open-bracket', 'add the closing }'],
  ['an open quote in brackets', 'steps: [{ step: a, run: "pass }]\n', '2:25', 'open-quote', 'add the closing quote'],
  ['an open bracket around brackets', 'outputs: [[a]\nsteps: []\n', '2:10', 'open-bracket', 'add the closing ]'],
  [
    'a text with a colon',
    'steps:\n  - step: a\n    run: print("a: b")\n',
    '4:10',
    'block-as-implicit-key',
    'put text that contains a colon in quotes, or on its own lines after "|"',
  ],
  [
    'a cron expression without quotes',
    'schedule: */5 * * * *\n',
    '2:11',
    'unquoted-star',
    'put it in quotes: "*/5 * * * *"',
  ],
  [
    'one with more values',
    'schedule: */5,3 * * * * # often\n',
    '2:11',
    'unquoted-star',
    'put it in quotes: "*/5,3 * * * *"',
  ],
  ['one that is all stars', 'schedule: * * * * *\n', '2:11', 'unquoted-star', 'put it in quotes: "* * * * *"'],
  [
    'one in braces',
    'schedule: { cron: */5 * * * *, timezone: UTC }\n',
    '2:19',
    'unquoted-star',
    'put it in quotes: "*/5 * * * *"',
  ],
  ['one in a list', 'schedule:\n  - */5 * * * *\n', '3:5', 'unquoted-star', 'put it in quotes: "*/5 * * * *"'],
  [
    'a glob without quotes',
    'code: [*.py]\n',
    '2:8',
    'unknown-alias',
    'define it with "&.py" before a value; if this is text that starts with *, put it in quotes',
  ],
];

describe('mistakes in YAML', () => {
  for (const [what, text, place, code, hint] of MISTAKES) {
    it(`reports what is wrong with ${what}`, () => {
      const report = new Diagnostics(new SourceFile('flow.yaml', `flow: F\n${text}`), []);
      parse(report);
      const [found] = report.diagnostics;
      const { line, column } = found?.range.start ?? { line: 0, column: 0 };
      assert.deepEqual([`${line}:${column}`, found?.code, found?.hint], [place, code, hint]);
    });
  }

  it('does not report consequences of a mistake', () => {
    const report = new Diagnostics(
      new SourceFile('flow.yaml', 'flow: F\nsteps:\n  - step: a\n     run: x\n    retry: 2\n'),
      [],
    );
    parse(report);
    assert.equal(report.diagnostics.length, 1);
  });
});
