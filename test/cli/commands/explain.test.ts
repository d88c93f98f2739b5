import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeWhisk } from '../../platform/deploy/fake-whisk.ts';
import { runCommand } from '../../support/command.ts';

const titles = join(import.meta.dirname, '../../../examples/titles/flow.yaml');

describe('nuvopipe explain', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nuvopipe-explain-'));
  });
  after(() => rm(dir, { recursive: true }));

  it('prints text, and the same as JSON', async () => {
    const [plain, json] = await Promise.all([
      runCommand('explain', [titles]),
      runCommand('explain', [titles, '--json']),
    ]);
    assert.deepEqual([plain.code, plain.stderr, json.code], [0, '', 0]);
    assert.match(plain.stdout, /^TitlesFlow has 4 steps in 3 blocks, and 4 actions\n/);
    const { flow, fits, limits } = JSON.parse(json.stdout);
    assert.deepEqual([flow, fits], ['TitlesFlow', true]);
    for (const { text } of limits) assert.ok(plain.stdout.includes(text));
  });

  it('accepts a compiled bundle', async () => {
    const bundle = join(dir, 'bundle');
    await runCommand('compile', [titles, '-o', bundle]);
    const [ofBundle, ofFile] = await Promise.all([
      runCommand('explain', [bundle, '--json']),
      runCommand('explain', [titles, '--json']),
    ]);
    assert.deepEqual(JSON.parse(ofBundle.stdout), JSON.parse(ofFile.stdout));
  });

  it('asks a cluster for its limits', async () => {
    const whisk = await startFakeWhisk();
    try {
      const { apihost, auth } = whisk.settings;
      whisk.info = { limits: { max_action_duration: 60_000, sequence_length: 60, actions_per_minute: 999 } };
      const flags = ['--apihost', apihost, '--auth', auth];
      const [plain, json] = await Promise.all([
        runCommand('explain', [titles, ...flags]),
        runCommand('explain', [titles, '--cluster', '--json'], { __OW_API_HOST: apihost, __OW_API_KEY: auth }),
      ]);
      assert.equal(plain.code, 0);
      assert.ok(plain.stdout.includes(`\nLimits of ${apihost}\n`));
      assert.match(plain.stdout, /^ {2}✗ time +.* cannot have 2m: the limit is 1m$/m);
      assert.match(plain.stdout, /^ {2}✓ throttled calls +.*, of 999 per minute$/m);
      const { cluster, fits, limits } = JSON.parse(json.stdout);
      assert.deepEqual([cluster, fits, limits[0].max], [apihost, false, 60]);
      assert.equal(whisk.puts.length, 0);
    } finally {
      await whisk.close();
    }
  });

  it('reports an unreachable cluster', async () => {
    const { code, stderr, stdout } = await runCommand('explain', [
      titles,
      '--apihost',
      'http://127.0.0.1:1',
      '--auth',
      'a:b',
    ]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^error\[host-unreachable\]/m);
  });

  it('reports problems of the flow instead', async () => {
    const invalid = join(dir, 'invalid.yaml');
    await writeFile(invalid, 'flow: F\nsteps:\n  - step: a\n    rum: pass\n');
    const { code, stderr } = await runCommand('explain', [invalid]);
    assert.equal(code, 2);
    assert.match(stderr, /error\[unknown-key\]/);
  });
});
