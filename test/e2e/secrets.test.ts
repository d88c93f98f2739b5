import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, unzipSync } from 'fflate';
import { prefixes } from '../../src/contract/layout.generated.ts';
import type { StoreSettings } from '../../src/contract/records.ts';
import { openStore } from '../../src/platform/s3/store.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { type Outcome, runCommand } from '../support/command.ts';
import { compileFile, deployFlow, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import { assertNothingToSpy, SPY_FLOW } from '../support/spy.ts';
import { sharedTwin, type Twin } from '../support/twin.ts';

const FLOW = `flow: SecretFlow
parameters: { fail: { type: boolean, default: false }, token: { type: secret } }
resources: { timeout: 1s }
outputs: [numbers]
steps:
  - step: make
    run: |
      import os
      self.numbers = [1, 2, 3]
      print("writes a log", os.getpid(), self.token)
      if self.fail:
          raise ValueError(f"fails with {self.token}")
  - foreach: numbers
    as: number
    concurrency: 3
    steps:
      - step: each
        run: self.squared = self.number ** 2
    join:
      step: gather
      run: self.numbers = [i.squared for i in inputs]
`;

const SECRET_SPY_FLOW = join(import.meta.dirname, '../fixtures/flows/spy-secrets.yaml');

/** Of the shape that the spy knows. */
const API_TOKEN = 'feedbabe-71f6-4ed5-8c54-816aa4f8c502:a-token-of-the-flow-that-one-step-names';

/** A secret parameter of runs. */
const TOKEN = 'a-parameter-that-nobody-is-to-see';

/** What must not be found, by name, in every form in which it might be written. */
function secretsOf({ platform }: SharedPlatform): Map<string, string> {
  const { auth } = platform.whisk;
  return new Map([
    ['the S3 secret', platform.store.secretAccessKey],
    ['the S3 secret in base64', Buffer.from(platform.store.secretAccessKey).toString('base64')],
    ['the OpenWhisk key', auth.slice(auth.indexOf(':') + 1)],
    ['the OpenWhisk key in base64', Buffer.from(auth).toString('base64')],
    ['the secret parameter', TOKEN],
    ['the secret parameter in base64', Buffer.from(TOKEN).toString('base64').slice(0, -4)],
  ]);
}

function assertWithout(secrets: Map<string, string>, text: string, where: string): void {
  for (const [name, secret] of secrets) assert.ok(!text.includes(secret), `${name} is in ${where}`);
}

describe('secrets (I6)', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;
  let folder: string;
  let file: string;

  before(async () => {
    twin = await sharedTwin();
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-secrets-'));
    file = join(folder, 'flow.yaml');
    await writeFile(file, FLOW);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('a step cannot find the OpenWhisk key in its container', async () => {
    await deployFlow(twin, SPY_FLOW);
    await assertNothingToSpy(twin);
  });

  it('are in no object of a run, and in no activation record: neither its answer nor its log', async () => {
    const secrets = secretsOf(twin);
    await deployFlow(twin, file);
    for (const [run, params] of Object.entries({ well: {}, failed: { fail: true }, refused: { unknown: 1 } })) {
      await invoke(twin, 'SecretFlow', { run, token: TOKEN, ...params });
    }
    let steps = 0;
    twin.faults.activation = ({ action }) => {
      if (action.startsWith('guest/SecretFlow.steps/')) steps += 1;
      return steps === 2 ? { kill: 'during', afterMs: 20 } : undefined;
    };
    await invoke(twin, 'SecretFlow', { run: 'killed', token: TOKEN });
    delete twin.faults.activation;
    const { result } = await invoke(twin, 'SecretFlow', { run: 'resumed', resume: 'killed' });
    assert.deepEqual(result.outputs, { numbers: [1, 4, 9] });
    const objects = await assertObjectsWithout(secrets, 'SecretFlow');
    assert.ok(objects > 30, `${objects} objects`);
    await assertRecordsWithout(secrets, 'SecretFlow', 8);
  });

  describe('of a flow', () => {
    const secrets = new Map([
      ['the secret', API_TOKEN],
      ['its second half', API_TOKEN.slice(-20)],
      ['the secret in base64', Buffer.from(API_TOKEN).toString('base64')],
    ]);
    const sha = createHash('sha256').update(API_TOKEN).digest('hex');

    before(async () => {
      await deployFlow(twin, SECRET_SPY_FLOW, { API_TOKEN });
    });

    it('are found by the step that names them, and by no other, though it is the same container', async () => {
      const { result } = await invoke(twin, 'SecretSpyFlow', { run: 'spied', sha });
      assert.equal(result.status, 'succeeded', JSON.stringify(result));
      const { length, used, spied, ways } = result.outputs as Record<string, string[]> & { length: number };
      assert.equal(length, API_TOKEN.length);
      for (const place of ['environment', 'own memory']) assert.ok(used?.includes(place), `${place}: ${used}`);
      assert.deepEqual([spied, ways], [[], []]);
      const actions = (await twin.activations())
        .filter(({ name, response }) => name.startsWith('p') && JSON.stringify(response).includes('spied'))
        .map(({ name }) => name);
      assert.equal(new Set(actions).size, 1, 'one action for both steps');
    });

    it('are in no log, no object and no record, though the step prints them and fails with them', async () => {
      const { result } = await invoke(twin, 'SecretSpyFlow', { run: 'careless', sha, fail: true });
      const { message } = result.error as { message: string };
      assert.equal(message, 'ValueError: *** is not accepted: *** (spy-secrets.yaml:21)');
      const log = async (name: string) =>
        Buffer.from((await twin.store.get(`SecretSpyFlow/careless/use/t/0.task_${name}.log`))?.body ?? '').toString();
      assert.match(await log('stdout'), /the token is \*\*\*\n.*a child has \*\*\*\n/);
      assert.match(await log('stderr'), /once more: \*\*\*\n/);
      await assertRecordsWithout(secrets, 'SecretSpyFlow', 2);
      assert.ok((await assertObjectsWithout(secrets, 'SecretSpyFlow')) > 10);
    });

    it('are bound to the step action only and are in no file of a bundle', async () => {
      const bundle = await compileFile(SECRET_SPY_FLOW);
      for (const [name, bytes] of bundle.files) {
        const parts = name.endsWith('.zip') ? Object.values(unzipSync(bytes)) : [bytes];
        for (const part of parts) assertWithout(secrets, Buffer.from(part).toString('latin1'), name);
      }
      const { steps, conductor } = bundle.manifest;
      const [step] = steps;
      const bound = await fetchEntity(`actions/SecretSpyFlow.steps/${step?.name}`);
      assert.ok(bound.includes(API_TOKEN));
      for (const name of [
        'actions/SecretSpyFlow',
        `actions/SecretSpyFlow.steps/${conductor.versioned}`,
        'actions/SecretSpyFlow.steps/wait',
        'packages/SecretSpyFlow.steps',
      ]) {
        assertWithout(secrets, await fetchEntity(name), name);
      }
    });
  });

  it('are in no record and no answer when the steps cannot reach S3, or are refused by it', async () => {
    const secrets = secretsOf(twin);
    const { store } = twin.platform;
    const broken = {
      UnreachableFlow: {
        settings: { ...store, endpoint: `http://127.0.0.1:${await freePort()}` },
        message: /: S3 failed: /,
      },
      RefusedFlow: { settings: { ...store, accessKeyId: 'NOBODY' }, message: /: S3 refuses the keys/ },
    };
    await Promise.all(
      Object.entries(broken).map(async ([flow, { settings, message }]) => {
        const place = join(folder, `${flow}.yaml`);
        await writeFile(place, FLOW.replace('SecretFlow', flow));
        await deployWithStore(twin, place, settings);
        const { result } = await invoke(twin, flow);
        assert.match((result.error as { message: string }).message, message);
        assertWithout(secrets, JSON.stringify(result), 'the answer');
      }),
    );
    for (const flow of Object.keys(broken)) await assertRecordsWithout(secrets, flow, 3);
  });

  it('are bound to the step actions only', async () => {
    const secrets = secretsOf(twin);
    for (const name of ['actions/SecretFlow', 'actions/SecretFlow.steps/wait', 'packages/SecretFlow.steps']) {
      assertWithout(secrets, await fetchEntity(name), name);
    }
  });

  it('are in no file of a bundle', async () => {
    const secrets = secretsOf(twin);
    const place = join(folder, 'bundle');
    const done = await runCommand('compile', [file, '-o', place], keysOf(twin));
    assert.equal(done.code, 0, done.stderr);
    const files = await readdir(place, { recursive: true, withFileTypes: true });
    for (const entry of files.filter((each) => each.isFile())) {
      const bytes = await readFile(join(entry.parentPath, entry.name));
      const parts = entry.name.endsWith('.zip') ? Object.values(unzipSync(bytes)) : [bytes];
      for (const part of parts) assertWithout(secrets, Buffer.from(part).toString('latin1'), entry.name);
    }
    assert.ok(files.length >= 6);
  });

  it('do not appear in the output of a command, even if it fails', async () => {
    const local = await sharedPlatform();
    const secrets = new Map([
      ...secretsOf(local),
      ['a wrong OpenWhisk key', WRONG_KEY.slice(WRONG_KEY.indexOf(':') + 1)],
      ['a wrong S3 secret', WRONG_SECRET],
    ]);
    const { store, whisk } = local.platform;
    const at = (endpoint: string | undefined) => [
      '--datastore',
      's3://nuvopipe/metaflow',
      '--endpoint',
      endpoint ?? '',
    ];
    const dead = at(`http://127.0.0.1:${await freePort()}`);
    const cluster = ['--apihost', whisk.apihost];
    const wrong = { AWS_ACCESS_KEY_ID: 'NOBODY', AWS_SECRET_ACCESS_KEY: WRONG_SECRET };
    const home = ['--home', local.home];
    const token = ['-p', `token=${TOKEN}`];
    const ran = await runCommand('run', [file, ...token, ...home, '--json'], keysOf(local));
    const run = `SecretFlow/${JSON.parse(ran.stdout).run}`;
    const tries: [code: number, said: Promise<Outcome>][] = [
      [0, Promise.resolve(ran)],
      [0, runCommand('deploy', [file, '--local', ...home, '--json'], keysOf(local))],
      [0, runCommand('status', [run, ...home])],
      [0, runCommand('logs', [run, ...home])],
      [2, runCommand('deploy', [file, ...cluster, '--auth', WRONG_KEY, ...at(store.endpoint)], keysOf(local))],
      [2, runCommand('deploy', [file, ...cluster, '--auth', whisk.auth, ...at(store.endpoint), ...home], wrong)],
      [2, runCommand('status', [run, ...dead], wrong)],
      [2, runCommand('logs', [run, ...at(store.endpoint)], wrong)],
      [1, runCommand('run', [file, '-p', 'fail=true', ...token, ...home], keysOf(local))],
      [2, runCommand('run', [file, '-p', 'unknown=1', ...token, ...home, '--json'], keysOf(local))],
    ];
    for (const [code, said] of tries) {
      const { code: was, stdout, stderr } = await said;
      assert.equal(was, code, stdout + stderr);
      assertWithout(secrets, stdout + stderr, `what was said:\n${stdout}${stderr}`);
      assert.doesNotMatch(stderr, /^ +at .*:\d+:\d+/m, 'a stack trace');
    }
    assertWithout(secrets, await readFile(join(local.home, 'daemon.log'), 'utf8'), 'the log of the platform');
    assertWithout(secrets, await readFile(join(local.home, 's3.log'), 'utf8'), 'the log of the S3 server');
  });

  it('leave earlier runs readable when the S3 key is rotated, and say why one cannot be resumed', async () => {
    const local = await sharedPlatform();
    const place = join(folder, 'rotated.yaml');
    await writeFile(
      place,
      FLOW.replace('SecretFlow', 'RotatedFlow').replace('step: make', 'step: make\n    cache: true'),
    );
    await deployFlow(local, place);
    await invoke(local, 'RotatedFlow', { run: 'earlier', token: TOKEN });
    await deployWithStore(local, place, { ...local.platform.store, secretAccessKey: 'the-key-after-the-rotation' });
    const command = (name: string, ...args: string[]) =>
      runCommand(name, [...args, '--home', local.home], keysOf(local));
    const shown = [command('status', 'RotatedFlow/earlier'), command('logs', 'RotatedFlow/earlier')];
    const [status, logs, why] = await Promise.all([...shown, command('why', 'RotatedFlow/earlier', 'make')]);
    assert.match(status?.stdout ?? '', /RotatedFlow\/earlier .*succeeded/, status?.stderr);
    assert.match(logs?.stdout ?? '', /writes a log \d+ \*\*\*/, logs?.stderr);
    assert.equal(why?.code, 0, why?.stderr);
    const resumed = await command('resume', 'RotatedFlow/earlier');
    assert.equal(resumed.code, 2, resumed.stdout + resumed.stderr);
    assert.match(
      resumed.stderr,
      /error\[unreadable-secrets\]: the run earlier cannot be resumed: its secret parameters were sealed with another S3/,
    );
    assert.match(resumed.stderr, /start a new run with them, or deploy the flow with the earlier key/);
    const { result } = await invoke(local, 'RotatedFlow', { run: 'later', token: TOKEN });
    assert.equal(result.status, 'succeeded', JSON.stringify(result));
    const { stdout } = await command('why', 'RotatedFlow/later', 'make');
    assert.match(stdout, /t ran: since RotatedFlow\/earlier, a secret changed/);
  });

  /** The whole of an entity, as the API shows it. */
  async function fetchEntity(name: string): Promise<string> {
    const { apihost, auth } = twin.platform.whisk;
    const authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
    const answer = await fetch(`${apihost}/api/v1/namespaces/_/${name}`, { headers: { authorization } });
    assert.equal(answer.status, 200, name);
    return answer.text();
  }

  /** How many objects there are of a flow. */
  async function assertObjectsWithout(secrets: Map<string, string>, flow: string): Promise<number> {
    let objects = 0;
    for (const prefix of [`${flow}/`, prefixes.flow({ flow })]) {
      for await (const { key } of twin.store.list(prefix)) {
        const body = (await twin.store.get(key))?.body ?? new Uint8Array();
        // Artifacts are gzipped pickles.
        const plain = body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body;
        assertWithout(secrets, Buffer.from(plain).toString('latin1'), key);
        objects += 1;
      }
    }
    return objects;
  }

  /** Once there are as many records of the flow as expected; lanes may still be ending. */
  async function assertRecordsWithout(secrets: Map<string, string>, flow: string, atLeast: number): Promise<void> {
    const records = async () =>
      (await twin.activations()).filter(({ annotations }) =>
        annotations.some(({ key, value }) => key === 'path' && String(value).startsWith(`guest/${flow}`)),
      );
    assert.ok(await poll(async () => (await records()).length >= atLeast, 10_000), `too few records of ${flow}`);
    for (const record of await records()) assertWithout(secrets, JSON.stringify(record), `a record of ${flow}`);
  }
});

const WRONG_KEY = '00000000-71f6-4ed5-8c54-816aa4f8c502:a-wrong-key-that-nobody-knows';
const WRONG_SECRET = 'a-wrong-secret-that-nobody-knows';

/** Deploys a flow with settings of the datastore that are not the platform's. */
async function deployWithStore(shared: SharedPlatform, place: string, settings: StoreSettings): Promise<void> {
  const store = await openStore(settings);
  try {
    await deployFlow({ ...shared, store }, place);
  } finally {
    store.close();
  }
}

/** As a user has them in the environment. */
function keysOf({ platform }: SharedPlatform): NodeJS.ProcessEnv {
  const { store, whisk } = platform;
  return {
    AWS_ACCESS_KEY_ID: store.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
    __OW_API_KEY: whisk.auth,
  };
}
