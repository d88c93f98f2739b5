import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flowNameFor } from '../../../src/cli/starter/starter.ts';
import { runCommand } from '../../support/command.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { sharedPlatform } from '../../support/platform.ts';

describe('nuvopipe init', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-init-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('writes a flow that is valid, whose tests pass, and that runs', async () => {
    const { home } = await sharedPlatform();
    const dir = join(folder, 'dart-board');
    const made = await runCommand('init', [dir, '--json']);
    assert.equal(made.code, 0, made.stderr);
    const { flow, files } = JSON.parse(made.stdout);
    assert.equal(flow, 'DartBoardFlow');
    assert.deepEqual(files.toSorted(), (await readdir(dir)).map((name) => join(dir, name)).toSorted());
    const file = join(dir, 'flow.yaml');

    const valid = await runCommand('validate', [file, '--json']);
    assert.deepEqual(JSON.parse(valid.stdout), { flow, valid: true, diagnostics: [] });

    const tested = await runCommand('test', [dir, '--home', home, '--json']);
    assert.equal(tested.code, 0, tested.stdout);
    assert.ok(JSON.parse(tested.stdout).passed >= 4);

    const run = await runCommand('run', [file, '-p', 'batches=3', '-p', 'darts=2000', '--home', home, '--json']);
    assert.equal(run.code, 0, run.stderr);
    const { status, outputs } = JSON.parse(run.stdout);
    assert.equal(status, 'succeeded');
    assert.ok(outputs.pi > 3 && outputs.pi < 3.3, `${outputs.pi}`);
  });

  it('lists the created files and the next command', async () => {
    const dir = join(folder, 'named');
    const { code, stdout, stderr } = await runCommand('init', [dir, '--name', 'PiFlow']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /✓ PiFlow was created: .*flow\.yaml.*flow\.test\.yaml.*pi\.py/);
    assert.ok(stdout.endsWith(`Next: nuvopipe run ${join(dir, 'flow.yaml')}\n`));
    assert.match(await readFile(join(dir, 'flow.yaml'), 'utf8'), /^flow: PiFlow$/m);
  });

  it('overwrites nothing, and then writes nothing', async () => {
    const dir = join(folder, 'taken');
    await mkdir(dir);
    await writeFile(join(dir, 'README.md'), 'mine');
    const { code, stderr } = await runCommand('init', [dir]);
    assert.equal(code, 2);
    assert.match(stderr, /^error\[file-exists\]: .*README\.md already exists and was not changed\n/);
    assert.deepEqual(await readdir(dir), ['README.md']);
    assert.equal(await readFile(join(dir, 'README.md'), 'utf8'), 'mine');
  });

  it('refuses a name that no flow can have', async () => {
    const dir = join(folder, 'bad');
    for (const name of ['my-flow', 'class', '']) {
      const { code, stderr } = await runCommand('init', [dir, '--name', name]);
      assert.equal(code, 2);
      assert.match(stderr, /^error\[(bad-flow-name|reserved-name)\]/);
    }
    await assert.rejects(readdir(dir), { code: 'ENOENT' });
  });

  it('reports a folder that cannot be written', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const { code, stderr } = await runCommand('init', [join(file, 'below')]);
    assert.equal(code, 2);
    assert.match(stderr, /^error\[cannot-write\]/);
  });

  it('makes a name of any folder’s', () => {
    const names = ['churn-model', 'titles_flow', 'TitlesFlow', '2024 forecast', '42', 'äöü', 'flow'].map(flowNameFor);
    assert.deepEqual(names, [
      'ChurnModelFlow',
      'TitlesFlow',
      'TitlesFlow',
      'ForecastFlow',
      'FirstFlow',
      'FirstFlow',
      'FirstFlow',
    ]);
  });
});
