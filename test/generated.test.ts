import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GENERATED } from '../scripts/generate.ts';

describe('generated files', () => {
  for (const [path, make] of Object.entries(GENERATED)) {
    it(`${path} is what npm run generate writes`, async () => {
      const committed = await readFile(join(import.meta.dirname, '..', path), 'utf8');
      assert.ok(committed === (await make()), 'run npm run generate');
    });
  }
});
