import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keys } from '../../src/contract/layout.generated.ts';
import type { SweepReport } from '../../src/platform/runs/sweep-runs.ts';
import { readRecord } from '../../src/platform/s3/read-record.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { locatePython } from '../../src/twin/host/python-env.ts';
import { caseFile, OWN_RUN_OUTPUTS } from '../support/cases.ts';
import { runCommand } from '../support/command.ts';
import { client, deployFlow, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS, sharedHome } from '../support/home.ts';
import { sharedPlatform } from '../support/platform.ts';
import { assertNothingToSpy, SPY_FLOW } from '../support/spy.ts';
import { startTwin, type Twin } from '../support/twin.ts';

const run = promisify(execFile);
const example = (name: string) => join(import.meta.dirname, '../../examples', name, 'flow.yaml');

const EXAMPLES: { name: string; flow: string; params?: object; secrets?: Record<string, string> }[] = [
  { name: 'hello', flow: 'HelloFlow', params: { who: 'cluster' } },
  { name: 'branches', flow: 'BranchesFlow' },
  { name: 'titles', flow: 'TitlesFlow', params: { prefix: 'Tonight' } },
  { name: 'regression', flow: 'RegressionFlow' },
  { name: 'environment', flow: 'EnvironmentFlow', secrets: { SIGNING_KEY: 'kept-by-the-cluster' } },
];

/** Room for two or three containers: each imports Metaflow by itself, as on a cluster. */
const POOL_MEMORY_MB = 1100;

/**
 * What a container of a stock image may be like: an interpreter of its own for each (so a template is refused), no Metaflow,
 * code that cannot be written to, also by root, and no home.
 */
const bareInterpreter = (python: string) => `#!/bin/sh
[ -f __main__.py ] || exit 1
chmod -R a-w .
export HOME="$PWD/no-home"
[ "$(id -u)" = 0 ] && command -v setpriv > /dev/null && exec setpriv --bounding-set=-dac_override ${python} "$@"
exec ${python} "$@"
`;

describe('a flow deployed to a cluster of stock images', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let folder: string;
  let interpreter: string;
  let twin: Twin;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-bare-'));
    interpreter = join(folder, 'python3');
    await writeFile(interpreter, bareInterpreter((await locatePython()).path));
    await chmod(interpreter, 0o755);
    twin = await startTwin({ python: interpreter, poolMemoryMb: POOL_MEMORY_MB, alarms: {} });
  });
  after(async () => {
    await twin?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What a command prints with `--json`. */
  async function command<T>(name: string, args: string[], env: Record<string, string> = {}): Promise<T> {
    const { store, whisk } = twin.platform;
    const cluster = ['--json', '--home', await sharedHome(), '--apihost', whisk.apihost, '--auth', whisk.auth];
    const datastore = ['--datastore', twin.store.root, '--endpoint', store.endpoint as string];
    const { code, stdout, stderr } = await runCommand(name, [...args, ...cluster, ...datastore], {
      AWS_ACCESS_KEY_ID: store.accessKeyId,
      AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
      AWS_REGION: store.region,
      ...env,
    });
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  }

  const deploy = (file: string, secrets: Record<string, string> = {}) =>
    command<{ entities: { outcome: string }[]; warnings: string[] }>('deploy', [file], secrets);

  it('prevents containers from writing to their code', async () => {
    const code = join(folder, 'code');
    await mkdir(code);
    await writeFile(join(code, '__main__.py'), '');
    await assert.rejects(run(interpreter, ['-c', 'open("x", "w")'], { cwd: code }), /PermissionError/);
    await assert.rejects(run(interpreter, ['-c', ''], { cwd: folder }), { code: 1 });
  });

  for (const { name, flow, params, secrets } of EXAMPLES) {
    it(`${name}: the same outputs as on the local platform`, async () => {
      const { entities, warnings } = await deploy(example(name), secrets);
      assert.ok(entities.every(({ outcome }) => outcome === 'created'));
      assert.deepEqual(warnings, []);
      const there = await invoke(twin, flow, params);
      const local = await sharedPlatform();
      await deployFlow(local, example(name), secrets);
      const here = await invoke(local, flow, params);
      assert.equal(there.result.status, 'succeeded', JSON.stringify(there.result));
      assert.deepEqual(there.result.outputs, here.result.outputs);
      assert.ok(Object.keys(there.result.outputs as object).length > 0);
    });
  }

  it('Metaflow’s client works inside a step, with nothing but the datastore', async () => {
    await deploy(caseFile('client_own_run'));
    const { result } = await invoke(twin, 'ClientOwnRun');
    assert.deepEqual(result.outputs, OWN_RUN_OUTPUTS, JSON.stringify(result));
  });

  it('restarts a stalled run with nuvopipe sweep; the sweeper brings its dependencies', async () => {
    let lost = false;
    twin.faults.dropSession = ({ action, components }) => {
      const drop = !lost && action === 'guest/HelloFlow' && components === 1;
      lost ||= drop;
      return drop;
    };
    await client(twin).actions.invoke({ name: 'HelloFlow', params: { run: 'lost' } });
    assert.ok(await poll(async () => lost, 60_000), 'no session was lost');
    const key = keys.live({ flow: 'HelloFlow', run: 'lost' });
    const entry = await readRecord(twin.store, key, 'LiveRecord');
    // As if its lease had run out.
    await twin.store.put(key, JSON.stringify({ ...entry, expires: 1 }));
    const found = await command<SweepReport>('sweep', []);
    assert.deepEqual([found.live, found.swept], [1, ['HelloFlow/lost']]);
    const result = keys.result({ flow: 'HelloFlow', run: 'lost' });
    assert.ok(await poll(() => twin.store.exists(result), 60_000), 'it has not ended');
    assert.equal((await readRecord(twin.store, result, 'RunResult'))?.status, 'succeeded');
    assert.deepEqual(await command('cancel', ['HelloFlow/lost']), {
      flow: 'HelloFlow',
      run: 'lost',
      status: 'succeeded',
    });
  });

  it('a step cannot find the OpenWhisk key in its container (I6)', async () => {
    await deploy(SPY_FLOW);
    await assertNothingToSpy(twin);
  });
});
