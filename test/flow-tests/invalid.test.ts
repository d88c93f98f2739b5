import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadTests } from '../../src/flow-tests/load-tests.ts';
import { formatDiagnostics } from '../../src/index.ts';
import { FlowError } from '../../src/language/diagnostics/diagnostic.ts';

const dir = join(import.meta.dirname, '../fixtures/invalid-tests');

/** Set to write what is said now for what is expected; look at the difference before it is committed. */
const UPDATE = process.env.UPDATE_FIXTURES !== undefined;

/** Every test file in `test/fixtures/invalid-tests` is told as the `.txt` beside it says, word for word. */
describe('test files that are not valid', () => {
  for (const file of readdirSync(dir).filter((name) => name.endsWith('.test.yaml'))) {
    it(file, async () => {
      const error = await loadTests(join(dir, file), 'python3').then(
        () => assert.fail('it is valid'),
        (thrown) => thrown,
      );
      assert.ok(error instanceof FlowError, String(error));
      const said = `${formatDiagnostics(error)}\n`.replaceAll(`${dir}/`, '');
      const expected = join(dir, file.replace('.test.yaml', '.txt'));
      if (UPDATE) await writeFile(expected, said);
      assert.equal(said, await readFile(expected, 'utf8'));
    });
  }
});
