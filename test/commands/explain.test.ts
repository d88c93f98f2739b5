import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../support/command.ts';

const titles = join(import.meta.dirname, '../../examples/titles/flow.yaml');

describe('nuvopipe explain', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nuvopipe-explain-'));
  });
  after(() => rm(dir, { recursive: true }));

  it('tells people, and the same as JSON', async () => {
    const [plain, json] = await Promise.all([
      runCommand('explain', [titles]),
      runCommand('explain', [titles, '--json']),
    ]);
    assert.deepEqual([plain.code, plain.stderr, json.code], [0, '', 0]);
    assert.match(plain.stdout, /^TitlesFlow has 4 steps in 3 blocks, and 3 actions\n/);
    const { flow, fits, limits } = JSON.parse(json.stdout);
    assert.deepEqual([flow, fits], ['TitlesFlow', true]);
    for (const { text } of limits) assert.ok(plain.stdout.includes(text));
  });

  it('takes a compiled bundle', async () => {
    const bundle = join(dir, 'bundle');
    await runCommand('compile', [titles, '-o', bundle]);
    const [ofBundle, ofFile] = await Promise.all([
      runCommand('explain', [bundle, '--json']),
      runCommand('explain', [titles, '--json']),
    ]);
    assert.deepEqual(JSON.parse(ofBundle.stdout), JSON.parse(ofFile.stdout));
  });

  it('says what is wrong with a flow instead', async () => {
    const invalid = join(dir, 'invalid.yaml');
    await writeFile(invalid, 'flow: F\nsteps:\n  - step: a\n    rum: pass\n');
    const { code, stderr } = await runCommand('explain', [invalid]);
    assert.equal(code, 2);
    assert.match(stderr, /error\[unknown-key\]/);
  });
});
