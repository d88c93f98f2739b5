import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, unzipSync } from 'fflate';
import { poll } from '../../src/local/poll.ts';
import { openWhisk } from '../../src/whisk/client.ts';
import { freePort } from '../store/s3.ts';
import { type Outcome, runCommand } from '../support/command.ts';
import { deployFlow, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';
import { assertNothingToSpy, SPY_FLOW } from '../support/spy.ts';
import { sharedTwin, type Twin } from '../support/twin.ts';

const FLOW = `flow: SecretFlow
parameters: { fail: { type: boolean, default: false } }
resources: { timeout: 1s }
outputs: [numbers]
steps:
  - step: make
    run: |
      import os
      self.numbers = [1, 2, 3]
      print("writes a log", os.getpid())
      if self.fail:
          raise ValueError("fails")
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

/** What must not be found, by name, in every form in which it might be written. */
function secretsOf({ platform }: SharedPlatform): Map<string, string> {
  const { auth } = platform.whisk;
  return new Map([
    ['the S3 secret', platform.store.secretAccessKey],
    ['the S3 secret in base64', Buffer.from(platform.store.secretAccessKey).toString('base64')],
    ['the OpenWhisk key', auth.slice(auth.indexOf(':') + 1)],
    ['the OpenWhisk key in base64', Buffer.from(auth).toString('base64')],
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

  it('a step finds the OpenWhisk key nowhere in its container', async () => {
    await deployFlow(twin, SPY_FLOW);
    await assertNothingToSpy(twin);
  });

  it('are in no object of a run, and in no activation record: neither its answer nor its log', async () => {
    const secrets = secretsOf(twin);
    await deployFlow(twin, file);
    for (const [run, params] of Object.entries({ well: {}, failed: { fail: true }, refused: { unknown: 1 } })) {
      await invoke(twin, 'SecretFlow', { run, ...params });
    }
    let objects = 0;
    for (const prefix of ['SecretFlow/', '_nuvopipe/SecretFlow/']) {
      for await (const { key } of twin.store.list(prefix)) {
        const body = (await twin.store.get(key))?.body ?? new Uint8Array();
        // Artifacts are gzipped pickles.
        const plain = body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body;
        assertWithout(secrets, Buffer.from(plain).toString('latin1'), key);
        objects += 1;
      }
    }
    assert.ok(objects > 30, `${objects} objects`);
    await assertRecordsWithout(secrets, 'SecretFlow', 8);
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
        await deployFlow({ ...twin, platform: { ...twin.platform, store: settings } }, place);
        const { result } = await invoke(twin, flow);
        assert.match((result.error as { message: string }).message, message);
        assertWithout(secrets, JSON.stringify(result), 'the answer');
      }),
    );
    for (const flow of Object.keys(broken)) await assertRecordsWithout(secrets, flow, 3);
  });

  it('are bound to the step actions alone', async () => {
    const whisk = openWhisk(twin.platform.whisk);
    const secrets = secretsOf(twin);
    for (const name of ['SecretFlow', 'SecretFlow.steps/wait']) {
      assertWithout(secrets, JSON.stringify(await whisk.getAction(name)), name);
    }
    assertWithout(secrets, JSON.stringify(await whisk.getPackage('SecretFlow.steps')), 'the package');
    whisk.close();
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

  it('are in nothing that a command says, also when it fails', async () => {
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
    const ran = await runCommand('run', [file, ...home, '--json'], keysOf(local));
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
      [1, runCommand('run', [file, '-p', 'fail=true', ...home], keysOf(local))],
      [2, runCommand('run', [file, '-p', 'unknown=1', ...home, '--json'], keysOf(local))],
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

/** As a user has them in the environment. */
function keysOf({ platform }: SharedPlatform): NodeJS.ProcessEnv {
  const { store, whisk } = platform;
  return {
    AWS_ACCESS_KEY_ID: store.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
    __OW_API_KEY: whisk.auth,
  };
}
