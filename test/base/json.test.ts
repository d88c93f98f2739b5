import assert from 'node:assert/strict';
import { parseJson, toJson, WholeFloat, withRoundedNumbers } from '../../src/base/json.ts';

describe('JSON with exact numbers', () => {
  const texts = [
    '{"id":1234567890123456789,"ids":[-12345678901234567890,9007199254740993,9007199254740991]}',
    '[1.0,-0.0,100000.0,0.1,1e+22,1e-7,10000000000000000.0]',
    '{"a":{"b":[]},"c":{},"d":null,"e":[true,false,"1.0"]}',
    '{"1234567890123456789":"1234567890123456789","x":"say \\"1.0\\": 12345678901234567890"}',
    '["\\u0000","\\u0000\\u00001.0","\\\\",1.0]',
    '{"\\u0000 12345678901234567890":1.0,"__proto__":1.0}',
    '12345678901234567890',
    '1.0',
    '"caf\\udce9"',
  ];

  for (const text of texts) {
    it(`keeps ${text}`, () => assert.equal(toJson(parseJson(text)), text));
  }

  it('returns bigints only for integers beyond 2^53', () => {
    assert.deepEqual(parseJson('[9007199254740991, 9007199254740992, -9007199254740992]'), [
      9007199254740991,
      9007199254740992n,
      -9007199254740992n,
    ]);
  });

  it('writes floats in one way', () => {
    assert.equal(toJson(parseJson('[1.00, 1e3, 1E22, 12.5e1, -0, 1.10]')), '[1.0,1000.0,1e+22,125.0,0,1.1]');
  });

  it('indents as JSON.stringify does', () => {
    const value = { a: [1, { b: [] }, {}], c: undefined, d: [undefined] };
    assert.equal(
      toJson({ ...value, e: 2n ** 60n }, 2),
      JSON.stringify({ ...value, e: 0 }, undefined, 2).replace(': 0', `: ${2n ** 60n}`),
    );
  });

  const invalid = [
    '',
    '01234567890123456789',
    '1.0.0',
    '{12345678901234567890:1}',
    '[1.0',
    '"1.0',
    '1.0x',
    '-',
    '1.',
    '+1.0',
    'NaN',
    '[1.0,]',
  ];
  for (const text of invalid) {
    it(`refuses ${JSON.stringify(text)} as JSON.parse does`, () => {
      assert.throws(() => JSON.parse(text), SyntaxError);
      assert.throws(() => parseJson(text), SyntaxError);
    });
  }

  it('is quick with long texts', () => {
    const text = toJson({
      text: '\\"'.repeat(1 << 20),
      list: Array.from({ length: 100_000 }, () => 1234567890123456789n),
    });
    assert.equal(toJson(parseJson(text)), text);
  }).timeout(5_000);

  it('compares whole floats as numbers, and is not written by JSON.stringify', () => {
    const [one, two] = [new WholeFloat(1), new WholeFloat(2)] as unknown as [number, number];
    assert.ok(one < two && one < 2 && two > 1);
    assert.throws(() => JSON.stringify([one]), /1\.0 is written by toJson/);
    assert.deepEqual(withRoundedNumbers({ a: [one, 2n ** 60n, 'x', null] }), { a: [1, 2 ** 60, 'x', null] });
  });
});
