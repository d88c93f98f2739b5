import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';
import { homePaths, readPlatform } from '../../../src/twin/host/platform-state.ts';
import { poll } from '../../../src/twin/host/poll.ts';
import { runCommand, startCommand } from '../../support/command.ts';
import { FIRST_USE_TIMEOUT_MS, type TestHome, testHome, testPython } from '../../support/home.ts';
import { processesOf } from '../../support/processes.ts';

const run = promisify(execFile);

describe('nuvopipe local', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let home: TestHome;
  const local = (verb: string, ...args: string[]) => runCommand(`local/${verb}`, [...args, '--home', home.path]);
  const json = async (verb: string, ...args: string[]) => {
    const { code, stdout, stderr } = await local(verb, ...args, '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };

  beforeEach(async () => {
    home = await testHome();
  });
  afterEach(async () => {
    await home.remove();
    assert.deepEqual(await processesOf(home.path), []);
  });

  it('starts, prints its addresses and state, and stops', async () => {
    assert.deepEqual(await json('status'), { running: false, home: home.path });
    const started = await json('start');
    assert.equal(started.started, true);
    assert.match(started.apihost, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await json('start')).started, false);

    const status = await json('status');
    assert.deepEqual([status.running, status.platform.pid], [true, started.pid]);
    assert.match(status.versions.metaflow, /^\d+\.\d+/);
    assert.equal(typeof status.counts.actions, 'number');

    assert.deepEqual(await json('stop'), { stopped: true });
    assert.deepEqual(await json('stop'), { stopped: false });
    assert.equal(await readPlatform(home.path), undefined);
  });

  it('speaks to people', async () => {
    assert.match((await local('status')).stdout, /is not running/);
    assert.match((await local('start')).stdout, /The local platform is running:\n {2}OpenWhisk {2}http/);
    assert.match((await local('status')).stdout, /process +\d+, up \d+ s\n/);
    assert.match((await local('stop')).stdout, /has stopped/);
  });

  it('shows no key but in env', async () => {
    const outputs = [await local('start'), await local('status'), await local('status', '--json')];
    const platform = await readPlatform(home.path);
    assert.ok(platform);
    for (const { stdout, stderr } of outputs) {
      for (const key of [platform.store.accessKeyId, platform.store.secretAccessKey, platform.whisk.auth]) {
        assert.ok(!`${stdout}${stderr}`.includes(key));
      }
    }
  });

  it('prints the settings that stock clients need', async () => {
    const { code, stderr } = await local('env');
    assert.equal(code, 2);
    assert.match(stderr, /the local platform is not running[\s\S]*nuvopipe local start/);

    await local('start');
    const { stdout } = await local('env');
    const python = (await testPython()).runtime;
    const program = `
import os, boto3
from metaflow import Metaflow, get_metadata, namespace
namespace(None)
print(get_metadata())
print(list(Metaflow()))
keys = boto3.client("s3").list_buckets()["Buckets"]
print([bucket["Name"] for bucket in keys])
assert open(os.environ["WSK_CONFIG_FILE"]).read().startswith("APIHOST=" + os.environ["__OW_API_HOST"])
`;
    const shell = await run('sh', ['-c', `${stdout}\nexec ${python} -c '${program}'`], {
      env: { PATH: process.env.PATH, HOME: home.path, AWS_SESSION_TOKEN: 'of another account', AWS_PROFILE: 'other' },
    });
    const platform = await readPlatform(home.path);
    assert.deepEqual(shell.stdout.trim().split('\n'), [`service@${platform?.metadataUrl}`, '[]', "['nuvopipe']"]);
    assert.deepEqual(await json('env'), Object.fromEntries(exported(stdout)));
  });

  it('leaves nothing running when its start is interrupted', async () => {
    const starting = startCommand('local/start', ['--home', home.path]);
    const log = homePaths(home.path).log;
    assert.ok(
      await poll(
        () =>
          access(log).then(
            () => true,
            () => false,
          ),
        30_000,
      ),
    );
    starting.child.kill('SIGINT');
    await starting.done;
    assert.ok(await poll(async () => (await processesOf(home.path)).length === 0, 10_000));
    assert.equal((await json('start')).started, true);
  });
});

function exported(lines: string): [string, string][] {
  return [...lines.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]);
}
