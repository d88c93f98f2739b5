import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '../../bin/nuvopipe.js');

/** Of the built program: commands have their names only there. */
describe('an unknown command', () => {
  for (const [args, name, hint] of [
    [['validat', 'flow.yaml'], 'validat', 'did you mean "validate"?'],
    [['local', 'strt'], 'local strt', 'did you mean "local start"?'],
    [['zzzzzzzz'], 'zzzzzzzz', 'commands: cancel, compile, '],
  ] as const) {
    it(`is reported by name: ${args.join(' ')}`, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8' });
      assert.deepEqual([status, stdout], [2, '']);
      assert.ok(stderr.startsWith(`error[no-such-command]: there is no command "${name}"\n  hint: ${hint}`), stderr);
    });
  }
});
