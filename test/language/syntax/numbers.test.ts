import assert from 'node:assert/strict';
import type { Node } from 'yaml';
import { toJson } from '../../../src/base/json.ts';
import { composeDocument } from '../../../src/language/syntax/compose.ts';
import { toValue } from '../../../src/language/syntax/nodes.ts';

function read(text: string): unknown {
  const document = composeDocument(text);
  assert.ok(!('tooDeepAt' in document));
  return toValue(document, document.contents as Node);
}

describe('numbers of a flow file', () => {
  for (const [written, json] of [
    ['1234567890123456789', '1234567890123456789'],
    ['-12345678901234567890', '-12345678901234567890'],
    ['+9007199254740993', '9007199254740993'],
    ['9007199254740991', '9007199254740991'],
    ['0xFFFFFFFFFFFFFFFF', '18446744073709551615'],
    ['0o17', '15'],
    ['007', '7'],
    ['-0', '0'],
    ['1.0', '1.0'],
    ['5.', '5.0'],
    ['-0.0', '-0.0'],
    ['1e3', '1000.0'],
    ['1E22', '1e+22'],
    ['10000000000000000.0', '10000000000000000.0'],
    ['.5', '0.5'],
    ['1.10', '1.1'],
    ['"1.0"', '"1.0"'],
    ['1_000', '"1_000"'],
  ] as const) {
    it(`${written} is ${json}`, () => {
      assert.equal(toJson(read(`[${written}]`)), `[${json}]`);
    });
  }

  it('are exact as keys, too', () => {
    assert.deepEqual(read('{ 1234567890123456789: a, 1.0: b }'), { '1234567890123456789': 'a', '1.0': 'b' });
  });
});
