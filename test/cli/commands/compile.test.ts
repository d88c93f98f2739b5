import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../support/command.ts';

const hello = join(import.meta.dirname, '../../../examples/hello/flow.yaml');

describe('nuvopipe validate and compile', () => {
  let dir: string;
  let invalid: string;
  let doubtful: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nuvopipe-commands-'));
    invalid = join(dir, 'invalid.yaml');
    doubtful = join(dir, 'doubtful.yaml');
    await writeFile(invalid, 'flow: F\nsteps:\n  - step: a\n    rum: pass\n');
    await writeFile(doubtful, 'flow: F\nresources: { memory: 1Gi }\nsteps: [{ step: a, run: pass }]\n');
  });
  after(() => rm(dir, { recursive: true }));

  it('confirms a valid flow', async () => {
    const { code, stdout, stderr } = await runCommand('validate', [hello]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /hello\/flow\.yaml: HelloFlow is valid\n$/);
  });

  it('prints problems to stderr and exits with 2', async () => {
    for (const command of ['validate', 'compile']) {
      const { code, stdout, stderr } = await runCommand(command, [invalid]);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.equal(
        stderr,
        `${invalid}:4:5: error[unknown-key]: a step has no key "rum"\n  4 |     rum: pass\n    |     ^^^\n  hint: did you mean "run"?\n\n1 error\n`,
      );
    }
  });

  it('prints diagnostics as JSON', async () => {
    const { code, stdout, stderr } = await runCommand('validate', [invalid, '--json']);
    assert.equal(code, 2);
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout).error, {
      code: 'invalid-flow',
      message: `${invalid} has an error`,
      diagnostics: [
        {
          code: 'unknown-key',
          severity: 'error',
          message: 'a step has no key "rum"',
          file: invalid,
          range: { start: { line: 4, column: 5 }, end: { line: 4, column: 8 } },
          hint: 'did you mean "run"?',
        },
      ],
    });
  });

  it('continues despite warnings', async () => {
    const { code, stdout, stderr } = await runCommand('validate', [doubtful]);
    assert.equal(code, 0);
    assert.match(stdout, /is valid/);
    assert.match(stderr, /warning\[memory-above-default\]/);
    assert.match(stderr, /\n1 warning\n$/);
    const asJson = await runCommand('validate', [doubtful, '--json']);
    const answer = JSON.parse(asJson.stdout);
    assert.deepEqual([answer.flow, answer.valid, answer.diagnostics.length], ['F', true, 1]);
  });

  it('writes a bundle', async () => {
    const output = join(dir, 'made');
    const { code, stdout, stderr } = await runCommand('compile', [hello, '-o', output, '--json']);
    assert.equal(code, 0, stderr);
    const answer = JSON.parse(stdout);
    assert.deepEqual(answer.files, (await readdir(output)).toSorted());
    assert.deepEqual([answer.flow, answer.bundle, answer.hash.length], ['HelloFlow', output, 64]);
  });

  it('leaves other folders alone', async () => {
    const { code, stderr } = await runCommand('compile', [hello, '-o', dir]);
    assert.equal(code, 2);
    assert.match(stderr, /^error\[not-a-bundle\]/);
  });

  it('reports a missing file', async () => {
    const { code, stderr } = await runCommand('compile', [join(dir, 'none.yaml')]);
    assert.equal(code, 2);
    assert.match(stderr, /^error\[no-such-flow\]: there is no file .*none\.yaml\n$/);
  });
});
