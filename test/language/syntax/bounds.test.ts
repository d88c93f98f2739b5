import assert from 'node:assert/strict';
import { Diagnostics } from '../../../src/language/diagnostics/report.ts';
import { SourceFile } from '../../../src/language/diagnostics/source-file.ts';
import { parse } from '../../../src/language/syntax/parse.ts';

/** A walk for each alias, or a comparison of each key with each, would take minutes. */
const MAX_MS = 10_000;
const MANY = 30_000;

const codesOf = (text: string): string[] => {
  const report = new Diagnostics(new SourceFile('flow.yaml', text));
  parse(report);
  return report.diagnostics.map(({ code }) => code);
};

describe('text designed to take long', () => {
  const many = (line: (index: number) => string) => Array.from({ length: MANY }, (_, index) => line(index)).join('\n');

  const TEXTS: { name: string; text: string; codes: string[] }[] = [
    { name: 'many keys', text: many((index) => `k${index}: 1`), codes: [] },
    {
      name: 'many keys that are there twice',
      text: `${many(() => 'k: 1')}`,
      codes: Array(MANY - 1).fill('duplicate-key'),
    },
    { name: 'many aliases', text: `x: &x 1\nlist:\n${many(() => '- *x')}`, codes: [] },
    {
      name: 'a long chain of aliases',
      text: `- &a0 [1]\n${many((i) => `- &a${i + 1} [*a${i}]`)}`,
      codes: ['too-deep'],
    },
    { name: 'many open brackets', text: '['.repeat(1_000_000), codes: ['too-deep'] },
    { name: 'many dashes', text: `${'- '.repeat(MANY)}x`, codes: ['too-deep'] },
    { name: 'many question marks', text: `${'? '.repeat(MANY)}x`, codes: ['too-deep'] },
  ];

  for (const { name, text, codes } of TEXTS) {
    it(name, () => {
      const started = performance.now();
      assert.deepEqual(codesOf(text), codes);
      assert.ok(performance.now() - started < MAX_MS);
    });
  }

  it('nested as deep as it may be, it is read', () => {
    assert.deepEqual(codesOf(`x: ${'['.repeat(149)}1${']'.repeat(149)}`), []);
    assert.deepEqual(codesOf(`x: ${'['.repeat(150)}1${']'.repeat(150)}`), ['too-deep']);
  });
});
