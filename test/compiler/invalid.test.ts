import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainPalette } from '../../src/base/terminal/palette.ts';
import { validateFlow } from '../../src/compiler/compile-flow.ts';
import { renderDiagnostics } from '../../src/language/diagnostics/render-diagnostic.ts';

const dir = join(import.meta.dirname, '../fixtures/invalid');

/** Set to write what is said now for what is expected; look at the difference before it is committed. */
const UPDATE = process.env.UPDATE_FIXTURES !== undefined;

/** Each version of Python says it in its own words. */
const PYTHON_MESSAGE = /(Python does not understand [^:]*: ).*/g;

/** Every file in `test/fixtures/invalid` is told as the `.txt` beside it says, word for word. */
describe('flow files that are not valid', () => {
  for (const file of readdirSync(dir).filter((name) => name.endsWith('.yaml'))) {
    it(file, async () => {
      const { source, diagnostics } = await validateFlow(join(dir, file));
      const said = `${renderDiagnostics(diagnostics, source, plainPalette)}\n`
        .replaceAll(`${dir}/`, '')
        .replaceAll(dir, '<folder>')
        .replace(PYTHON_MESSAGE, '$1…');
      const expected = join(dir, file.replace('.yaml', '.txt'));
      if (UPDATE) await writeFile(expected, said);
      assert.equal(said, await readFile(expected, 'utf8'));
      assert.ok(diagnostics.length > 0);
      const places = diagnostics.map(({ range }) => range.start.line * 1e6 + range.start.column);
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
        'in the order of the file',
      );
    });
  }
});
