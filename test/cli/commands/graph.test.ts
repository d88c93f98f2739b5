import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../support/command.ts';

const titles = join(import.meta.dirname, '../../../examples/titles/flow.yaml');

describe('nuvopipe graph', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nuvopipe-graph-'));
  });
  after(() => rm(dir, { recursive: true }));

  it('draws in the terminal', async () => {
    const { code, stdout, stderr } = await runCommand('graph', [titles]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^TitlesFlow · 3 steps · .*\n\n○ start\n├─ foreach title in titles · 3 at once ─+╮\n/);
  });

  it('writes a file in the format of its ending', async () => {
    const svg = join(dir, 'flow.svg');
    const mermaid = join(dir, 'flow.mmd');
    const [asSvg, asMermaid] = await Promise.all([
      runCommand('graph', [titles, '-o', svg]),
      runCommand('graph', [titles, '-o', mermaid, '--json']),
    ]);
    assert.equal(asSvg.stdout, `✓ TitlesFlow was drawn in ${svg}\n`);
    assert.match(await readFile(svg, 'utf8'), /^<svg .*<\/svg>\n$/s);
    assert.deepEqual(JSON.parse(asMermaid.stdout), { flow: 'TitlesFlow', format: 'mermaid', output: mermaid });
    assert.match(await readFile(mermaid, 'utf8'), /^flowchart TD$/m);
  });

  it('accepts a format and prints the drawing as JSON', async () => {
    const { code, stdout } = await runCommand('graph', [titles, '--format', 'mermaid', '--json']);
    assert.equal(code, 0);
    const answer = JSON.parse(stdout);
    assert.deepEqual([answer.flow, answer.format], ['TitlesFlow', 'mermaid']);
    assert.match(answer.drawing, /subgraph/);
  });

  it('reports problems of the flow and files it cannot write', async () => {
    const invalid = join(dir, 'invalid.yaml');
    await writeFile(invalid, 'flow: F\nsteps:\n  - step: a\n    rum: pass\n');
    const wrong = await runCommand('graph', [invalid]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /error\[unknown-key\]/);
    const unwritable = await runCommand('graph', [titles, '-o', join(dir, 'none', 'flow.svg')]);
    assert.equal(unwritable.code, 2);
    assert.match(unwritable.stderr, /^error\[cannot-write\]/);
  });
});
