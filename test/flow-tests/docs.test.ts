import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../support/command.ts';
import { FIRST_USE_TIMEOUT_MS, sharedHome } from '../support/home.ts';

const page = join(import.meta.dirname, '../../docs/testing.md');

describe('docs/testing.md', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-docs-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('has tests that pass', async () => {
    const text = await readFile(page, 'utf8');
    const blocks = [...text.matchAll(/^```yaml\n# (\S+\.yaml)\n(.*?)^```/gms)];
    assert.deepEqual(
      blocks.map(([, name]) => name),
      ['shop.yaml', 'shop.test.yaml'],
    );
    for (const [, name = '', yaml = ''] of blocks) await writeFile(join(folder, name), yaml);
    const { code, stdout } = await runCommand('test', [folder, '--home', await sharedHome(), '--json']);
    assert.equal(code, 0, stdout);
    assert.equal(JSON.parse(stdout).passed, 4);
  });
});

describe('tests of the examples', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);

  it('pass', async () => {
    const { code, stdout } = await runCommand('test', ['examples', '--home', await sharedHome()]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /\n\d\d passed/);
  });
});
