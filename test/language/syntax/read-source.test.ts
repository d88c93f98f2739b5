import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { validateFlow } from '../../../src/compiler/compile-flow.ts';
import { FLOW_FILE_MAX_BYTES, readSource } from '../../../src/language/syntax/read-source.ts';

describe('readSource', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nuvopipe-read-'));
  });
  after(() => rm(dir, { recursive: true }));

  it('refuses a file of 10 MB with one error, at once', async () => {
    const path = join(dir, 'huge.yaml');
    await writeFile(path, Buffer.alloc(10 * 1024 * 1024, 'x: [\n'));
    const started = performance.now();
    const { diagnostics } = await validateFlow(path);
    assert.ok(performance.now() - started < 500);
    assert.deepEqual(
      diagnostics.map(({ code, message }) => [code, message]),
      [['file-too-large', 'the file has 10.0 MB; the limit for flow files is 4 MB']],
    );
    assert.equal(FLOW_FILE_MAX_BYTES, 4 * 1024 * 1024);
  });

  it('reports missing files and folders', async () => {
    await assert.rejects(readSource(join(dir, 'none.yaml')), { name: 'UserError', code: 'no-such-flow' });
    await assert.rejects(readSource(dir), { name: 'UserError', code: 'not-a-file' });
  });

  it('removes a byte order mark', async () => {
    const path = join(dir, 'bom.yaml');
    await writeFile(path, '\ufeffflow: F\n');
    assert.equal((await readSource(path)).source.text, 'flow: F\n');
  });

  it('reports the first byte that is not UTF-8', async () => {
    const path = join(dir, 'latin.yaml');
    await writeFile(path, Buffer.concat([Buffer.from('flow: F\n# é '), Buffer.from([0xe9]), Buffer.from(' x\n')]));
    const { diagnostics } = await readSource(path);
    assert.deepEqual(diagnostics[0]?.range.start, { line: 2, column: 5 });
  });
});
