import assert from 'node:assert/strict';
import { formatSizeMB, parseSizeMB } from '../../src/base/size.ts';

describe('parseSizeMB', () => {
  for (const [text, sizeMB] of [
    [512, 512],
    ['512', 512],
    ['512M', 512],
    ['512MB', 512],
    ['512Mi', 512],
    ['1Gi', 1024],
    ['1 GB', 1024],
    ['0.5Gi', 512],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(parseSizeMB(text), sizeMB));
  }

  for (const text of ['', 'lots', '0', '-1', '1.5', '0.3Mi', '1Ti', '1e3', '9'.repeat(30)]) {
    it(`refuses "${text}"`, () => assert.equal(parseSizeMB(text), undefined));
  }

  it('writes what it reads', () => {
    assert.equal(formatSizeMB(512), '512 MB');
    assert.equal(formatSizeMB(2048), '2 GB');
  });
});
