import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { pythonTools } from '../../scripts/python-tools.ts';
import { compilerVersion, RUNTIME_DIR, readRuntime } from '../../src/base/package-files.ts';
import { FIRST_USE_TIMEOUT_MS, testPython } from '../support/home.ts';

const run = promisify(execFile);

describe('the wheel of the Python runtime', () => {
  let folder: string;
  let name: string;
  let files: Record<string, Uint8Array>;

  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    const { runtime: python } = await testPython();
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-wheel-'));
    const env = { ...process.env, PYTHONPATH: pythonTools(python), PYTHONDONTWRITEBYTECODE: '1' };
    await run(python, ['-m', 'hatchling', 'build', '-t', 'wheel', '-d', folder], { cwd: RUNTIME_DIR, env });
    [name = ''] = await readdir(folder);
    files = unzipSync(await readFile(join(folder, name)));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it("holds the same files as a step action's zip, except for its main program", async () => {
    const { '__main__.py': _, ...runtime } = Object.fromEntries(await readRuntime(RUNTIME_DIR));
    const packaged = Object.entries(files).filter(([path]) => !path.includes('.dist-info/'));
    const texts = (entries: [string, Uint8Array][]) =>
      Object.fromEntries(entries.map(([path, content]) => [path, Buffer.from(content).toString()]));
    assert.ok(packaged.length > 0);
    assert.deepEqual(texts(packaged), texts(Object.entries(runtime)));
  });

  it('has the version of the npm package', async () => {
    const version = await compilerVersion();
    assert.equal(name, `nuvopipe_runtime-${version}-py3-none-any.whl`);
  });

  it('has types, and no tests', () => {
    assert.ok('nuvopipe_runtime/py.typed' in files);
    assert.deepEqual(
      Object.keys(files).filter((path) => /(^|\/)(test_|tests\/|conftest)/.test(path)),
      [],
    );
  });
});
