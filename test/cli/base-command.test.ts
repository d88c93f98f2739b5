import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const src = pathToFileURL(join(import.meta.dirname, '../../src/')).href;

/** A command that fails in the way its argument says. */
const probe = `
import { string } from '@oclif/core/args';
import { BaseCommand } from '${src}cli/base-command.ts';
import { SystemError, UserError } from '${src}base/errors.ts';

class Probe extends BaseCommand {
  static args = { how: string({ required: true }) };
  async run() {
    const { args, flags } = await this.parse(Probe);
    if (args.how === 'user') throw new UserError('no-such-thing', 'there is no thing', 'name another');
    if (args.how === 'system') throw new SystemError('storage-refused', 'S3 refused', 'look at its log');
    if (args.how === 'unexpected') throw new TypeError('oops');
    if (args.how === 'exit') this.exit(3);
    this.log('for people');
    return { how: args.how, home: flags.home };
  }
}
await Probe.run(process.argv.slice(1), process.cwd());
`;

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

describe('BaseCommand', () => {
  function run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    const argv = ['--import', 'tsx', '--input-type=module', '--eval', probe, '--', ...args];
    const options = { env: { ...process.env, ...env }, cwd: join(import.meta.dirname, '../..') };
    return new Promise((resolve) => {
      execFile(process.execPath, argv, options, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }

  it('prints user errors with code and hint, and exits with 2', async () => {
    const { code, stdout, stderr } = await run(['user']);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.equal(stderr, 'error[no-such-thing]: there is no thing\n  hint: name another\n');
  });

  it('prints one JSON document to stdout with --json, and text to stderr', async () => {
    const { code, stdout, stderr } = await run(['fine', '--json', '--home', '/somewhere']);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), { how: 'fine', home: '/somewhere' });
    assert.equal(stderr, 'for people\n');
  });

  it('prints an error as JSON with --json', async () => {
    const { code, stdout, stderr } = await run(['user', '--json']);
    assert.equal(code, 2);
    assert.deepEqual(JSON.parse(stdout), {
      error: { code: 'no-such-thing', message: 'there is no thing', hint: 'name another' },
    });
    assert.equal(stderr, '');
  });

  it('exits with 1 for an internal error, with a hint', async () => {
    const { code, stderr } = await run(['system']);
    assert.equal(code, 1);
    assert.match(stderr, /^error\[storage-refused\]: S3 refused\n {2}hint: look at its log\n$/);
  });

  it('shows no stack trace unless asked to', async () => {
    const quiet = await run(['unexpected']);
    assert.equal(quiet.code, 1);
    assert.doesNotMatch(quiet.stderr, /\n\s+at /);
    const loud = await run(['unexpected'], { NUVOPIPE_DEBUG: '1' });
    assert.match(loud.stderr, /\n\s+at /);
  });

  it('treats unknown flags and missing arguments as user errors', async () => {
    for (const args of [['fine', '--nope'], []]) {
      const { code, stderr } = await run(args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^error\[usage\]: /);
    }
    const { code, stdout } = await run(['fine', '--nope', '--json']);
    assert.equal(code, 2);
    assert.equal(JSON.parse(stdout).error.code, 'usage');
  });

  it('keeps an exit code that a command chose', async () => {
    const { code, stderr } = await run(['exit']);
    assert.equal(code, 3);
    assert.equal(stderr, '');
  });

  it('reads the home from the environment; the default is ~/.nuvopipe', async () => {
    const fromEnv = await run(['fine', '--json'], { NUVOPIPE_HOME: '/from/env' });
    assert.equal(JSON.parse(fromEnv.stdout).home, '/from/env');
    const byDefault = await run(['fine', '--json'], { NUVOPIPE_HOME: undefined, HOME: '/home/someone' });
    assert.equal(JSON.parse(byDefault.stdout).home, '/home/someone/.nuvopipe');
  });
});
