import assert from 'node:assert/strict';
import type { Scalar } from 'yaml';
import { isScalar, parseDocument } from 'yaml';
import { offsetsOf } from '../../../src/language/syntax/scalar-offsets.ts';

/** A key `k` with a scalar in each of YAML's ways to write one. */
const SCALARS: Record<string, string> = {
  literal: 'k: |\n  a = 1\n\n  if a:\n      b = "é"\nz: 1\n',
  'literal with indicators': 'k: |2- # why\n    a = 1\n  b = 2\n\n\nz: 1\n',
  'literal in a sequence': '- k: |\n    a\n    \tb\n\n     c\n',
  folded: 'k: >-\n  one\n  two\n\n  three\n    kept\n  four\nz: 1\n',
  plain: 'k: self.x = 1 # not this\nz: 1\n',
  'plain over lines': 'k: one\n  two\n\n  three\nz: 1\n',
  'single quotes': "k: 'it''s ''ok'' ''''\n  and on'\nz: 1\n",
  'double quotes': 'k: "a\\tb \\"c\\" \\\\ d\n  e \\\n  f\\x41\\u00e9\\U0001F600g\\n\\n  h\\/\\ \\e"\nz: 1\n',
  'windows line ends': 'k: |\r\n  a = 1\r\n  b = 2\r\nz: 1\r\n',
  'wide characters': 'k: |\n  x = "😀 日本語"; y\n',
};

describe('offsetsOf', () => {
  for (const [name, source] of Object.entries(SCALARS)) {
    it(`finds every character of a scalar: ${name}`, () => {
      const scalar = scalarAt(source);
      const text = String(scalar.value);
      const offsetAt = offsetsOf(scalar, source);
      let previous = -1;
      for (let index = 0; index < text.length; index++) {
        const offset = offsetAt(index);
        assert.ok(offset >= previous, 'in order');
        previous = offset;
        if (/\s/.test(text[index] as string)) continue;
        const there = source[offset] as string;
        const escaped = there === '\\' || there === "'";
        if (!escaped) assert.equal(there, text[index], `index ${index} of ${JSON.stringify(text)}`);
      }
      assert.ok(offsetAt(text.length) <= (scalar.range?.[1] ?? 0));
    });
  }

  it('finds the escape sequence of a character', () => {
    const source = 'k: "a\\x41b"';
    const offsetAt = offsetsOf(scalarAt(source), source);
    assert.deepEqual(
      [0, 1, 2].map((index) => source.slice(offsetAt(index)).slice(0, 4)),
      ['a\\x4', '\\x41', 'b"'],
    );
  });
});

function scalarAt(source: string): Scalar {
  const document = parseDocument(source);
  const scalar = source.startsWith('-') ? document.getIn([0, 'k'], true) : document.get('k', true);
  assert.ok(isScalar(scalar));
  return scalar;
}
