import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentReport } from '../../../src/base/terminal/progress.ts';
import { ensurePython, locatePython } from '../../../src/twin/host/python-env.ts';
import { emptyHome, FIRST_USE_TIMEOUT_MS, homeWithOwnPython, type TestHome, testHome } from '../../support/home.ts';

/** Environment variables that pip reads, so that it finds no package index. */
const OFFLINE = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: '', PIP_CONFIG_FILE: '/dev/null' };

describe('Python environments', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let home: TestHome | undefined;
  const said: string[] = [];
  const report = { ...silentReport, line: (text: string) => said.push(text) };
  const saved = { ...process.env };

  beforeEach(() => {
    said.length = 0;
  });
  afterEach(async () => {
    process.env = { ...saved };
    await home?.remove();
    home = undefined;
  });

  it('are taken as they are once they are there, without a network', async () => {
    home = await testHome();
    Object.assign(process.env, OFFLINE);
    const { runtime, s3 } = await ensurePython(home.path, report);
    assert.deepEqual(said, []);
    assert.equal(runtime, join(home.path, 'python/runtime/bin/python'));
    assert.equal(s3, join(home.path, 'python/s3/bin/python'));
  });

  it('are recreated if a package is broken, without leftovers', async () => {
    home = await homeWithOwnPython();
    const folder = join(home.path, 'python');
    const [lib] = await readdir(join(folder, 's3/lib'));
    await rm(join(folder, 's3/lib', lib as string, 'site-packages/ministack/app.py'));
    await mkdir(join(folder, 's3.123.half-made'));
    await ensurePython(home.path, report);
    assert.match(said[0] ?? '', /^Making the Python environment for the S3 server/);
    assert.equal(said.length, 2, said.join('\n'));
    assert.deepEqual((await readdir(folder)).sort(), ['runtime', 's3']);
    said.length = 0;
    await ensurePython(home.path, report);
    assert.deepEqual(said, []);
  });

  it('report a missing package index and leave nothing behind', async () => {
    home = await emptyHome();
    Object.assign(process.env, OFFLINE);
    await assert.rejects(ensurePython(home.path, report), {
      name: 'UserError',
      code: 'python-packages',
      hint: /package index/,
    });
    assert.deepEqual(await readdir(join(home.path, 'python')), []);
  });
});

describe('findPython', () => {
  let home: TestHome;
  beforeEach(async () => {
    home = await emptyHome();
  });
  afterEach(() => home.remove());

  async function fakePython(name: string, version: string): Promise<string> {
    const file = join(home.path, name);
    await writeFile(file, `#!/bin/sh\necho /opt/${name}\necho ${version}\n`);
    await chmod(file, 0o755);
    return file;
  }

  it('prefers 3.11', async () => {
    await fakePython('python3', '3.12.1');
    await fakePython('python3.11', '3.11.9');
    assert.deepEqual(await locatePython({ PATH: `${home.path}:/bin` }), { path: '/opt/python3.11', version: '3.11.9' });
  });

  it('uses the interpreter named by the user', async () => {
    await fakePython('python3.11', '3.11.9');
    const chosen = await fakePython('mine', '3.13.0');
    const found = await locatePython({ PATH: `${home.path}:/bin`, NUVOPIPE_PYTHON: chosen });
    assert.equal(found.version, '3.13.0');
  });

  it('refuses one that is too old', async () => {
    await fakePython('python3', '3.10.13');
    await assert.rejects(locatePython({ PATH: home.path }), { name: 'UserError', code: 'python-missing' });
    const chosen = join(home.path, 'python3');
    await assert.rejects(locatePython({ PATH: '', NUVOPIPE_PYTHON: chosen }), { code: 'python-unusable' });
  });
});
