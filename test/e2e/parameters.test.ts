import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'fflate';
import { prefixes } from '../../src/contract/layout.generated.ts';
import { PARAMETERS_MAX_BYTES } from '../../src/contract/protocol.generated.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { runCommand } from '../support/command.ts';
import { artifactsOf, deployFlow, flowFile, invoke, stockEnvironment } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';
import { sharedTwin, type Twin } from '../support/twin.ts';

const flows = join(import.meta.dirname, '../fixtures/flows');
const FLOW = join(flows, 'parameters.yaml');
const TOKEN = 'hush-hush-and-never-tell-0815';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

const DEFAULTS = {
  mode: 'linear',
  label: 'a-b',
  count: 2,
  share: 0.5,
  flag: true,
  options: { a: [1, null] },
  words: 'kůň\nžába\n',
  more: null,
};

describe('parameters, by a client of OpenWhisk', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;

  before(async () => {
    twin = await sharedTwin();
    await deployFlow(twin, FLOW);
  });

  it('have their defaults, a file too', async () => {
    const { result } = await invoke(twin, 'ParametersFlow');
    assert.equal(result.status, 'succeeded', JSON.stringify(result));
    assert.deepEqual(result.outputs, { seen: DEFAULTS, hashes: [sha('None')] });
  });

  it('accept values and their text', async () => {
    const given = {
      mode: 'linear',
      label: 'x',
      count: '3',
      share: 1,
      flag: 'off',
      options: '[1]',
      words: 'a\r\nb',
      more: '',
    };
    const { result } = await invoke(twin, 'ParametersFlow', given);
    const seen = { ...given, count: 3, flag: false, options: [1], words: 'a\nb' };
    assert.deepEqual((result.outputs as { seen: object }).seen, seen);
  });

  it('that are invalid are reported together and fail the run', async () => {
    const given = { mode: 'tree', label: 'A', count: 6, share: -1, flag: 'perhaps', token: 'short', lable: 'x' };
    const { result } = await invoke(twin, 'ParametersFlow', { run: 'refused', ...given });
    const { message, status } = result.error as { message: string; status: string };
    assert.equal(status, 'failed');
    assert.deepEqual(message.split('; '), [
      'the parameter "mode" must be one of "linear", "forest", not "tree"',
      'the parameter "label" must match the pattern [a-z]+(-[a-z]+)* as a whole, not "A"',
      'the parameter "count" must be from 1 to 5, not 6',
      'the parameter "share" must be from 0 to 1, not -1',
      'the parameter "flag" must be true or false, not "perhaps"',
      'the parameter "token" must match the pattern [A-Za-z0-9-]{8,} as a whole',
      'the flow has no parameter "lable"',
      "the flow's parameters: mode (string), label (string), count (integer), share (number), flag (boolean), " +
        'options (json), words (file), more (file), token (secret)',
    ]);
    const kept = (await twin.keys('ParametersFlow', 'refused')).map((key) => key.split('/').at(-1));
    assert.deepEqual(kept.sort(), ['failed', 'result.json', 'run.json']);
  });

  it('are in no form a secret that others see: in no record, log, object or answer', async () => {
    const secrets = [TOKEN, Buffer.from(TOKEN).toString('base64').slice(0, 32), JSON.stringify(TOKEN).slice(1, -1)];
    const assertWithout = (text: string, where: string) => {
      for (const secret of secrets) assert.ok(!text.includes(secret), `the secret is in ${where}`);
    };
    const well = await invoke(twin, 'ParametersFlow', { run: 'well', token: TOKEN, count: 5 });
    assert.deepEqual((well.result.outputs as { hashes: string[] }).hashes, [sha(TOKEN)], JSON.stringify(well.result));
    const failed = await invoke(twin, 'ParametersFlow', { run: 'failed', token: TOKEN, mode: 'forest' });
    assert.match((failed.result.error as { message: string }).message, /^ValueError: cannot use \*\*\*/);
    // Also where it is given under a wrong name.
    const refused = await invoke(twin, 'ParametersFlow', { run: 'wrong', tokne: TOKEN });
    for (const { result } of [well, failed, refused]) assertWithout(JSON.stringify(result), 'an answer');

    let objects = 0;
    for (const prefix of ['ParametersFlow/', prefixes.flow({ flow: 'ParametersFlow' })]) {
      for await (const { key } of twin.store.list(prefix)) {
        const body = (await twin.store.get(key))?.body ?? new Uint8Array();
        const plain = body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body;
        assertWithout(Buffer.from(plain).toString('latin1'), key);
        objects += 1;
      }
    }
    assert.ok(objects > 40, `${objects} objects`);
    const ofFlow = async () =>
      (await twin.activations()).filter(({ annotations }) =>
        annotations.some(({ key, value }) => key === 'path' && String(value).startsWith('guest/ParametersFlow')),
      );
    assert.ok(await poll(async () => (await ofFlow()).length >= 20, 10_000), 'too few records');
    for (const record of await ofFlow()) assertWithout(JSON.stringify(record), `record ${record.activationId}`);
    const log = await twin.store.get('ParametersFlow/well/start/t/0.task_stdout.log');
    assert.match(Buffer.from(log?.body ?? '').toString(), /the token is \*\*\*/);
  });

  it('are read by Metaflow’s client, but for secrets', async () => {
    const env = { ...stockEnvironment(twin), PYTHONPATH: flows };
    const read = await artifactsOf(twin.platform.python, env, 'ParametersFlow/well');
    const [start] = read.steps.start ?? [];
    assert.equal(start?.artifacts.words, repr(DEFAULTS.words));
    assert.equal(start?.artifacts.count, '5');
    for (const tasks of Object.values(read.steps)) {
      for (const { artifacts } of tasks) assert.ok(!('token' in artifacts));
    }
  });

  it('as large as can be arrive, sealed or not', async () => {
    const sized = (name: string, more: string) =>
      `flow: ${name}\nparameters:\n  text: { type: string, required: true }\n${more}outputs: [length]\n` +
      'steps:\n  - step: measure\n    run: self.length = len(self.text)\n';
    for (const [name, more, part] of [
      ['LargeFlow', '', 1],
      ['LargeSealedFlow', '  token: { type: secret }\n', 3 / 4],
    ] as const) {
      const { file, remove } = await flowFile(sized(name, more));
      await deployFlow(twin, file);
      await remove();
      const length = Math.floor(PARAMETERS_MAX_BYTES * part) - '{"text":""}'.length;
      const { result } = await invoke(twin, name, { text: 'x'.repeat(length) });
      assert.deepEqual(result.outputs, { length }, JSON.stringify(result).slice(0, 300));
    }
  });
});

describe('parameters, by nuvopipe run', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let local: SharedPlatform;
  let folder: string;

  before(async () => {
    local = await sharedPlatform();
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-parameters-'));
    await writeFile(join(folder, 'token'), `${TOKEN}\n`);
    await writeFile(join(folder, 'more.txt'), 'ještě\n');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const run = (...given: string[]) => {
    const args = given.flatMap((argument) => ['-p', argument]);
    return runCommand('run', [FLOW, ...args, '--json', '--home', local.home]);
  };

  it('are read from the command line and from files', async () => {
    const { code, stdout, stderr } = await run(
      ...['count=1', 'flag=no', 'options={"b": 2}', `more=${join(folder, 'more.txt')}`],
      `token=@${join(folder, 'token')}`,
    );
    assert.equal(code, 0, stderr);
    const { outputs } = JSON.parse(stdout);
    const seen = { ...DEFAULTS, count: 1, flag: false, options: { b: 2 }, more: 'ještě\n' };
    assert.deepEqual(outputs, { seen, hashes: [sha(TOKEN)] });
    assert.ok(!stderr.includes(TOKEN));
  });

  it('are refused before anything is invoked, in the words of the run', async () => {
    const { code, stdout, stderr } = await run('mode=tree', 'count=9', 'token=short', 'words=nowhere.txt');
    assert.equal(code, 2, stderr);
    assert.equal(
      JSON.parse(stdout).error.message,
      'the parameter "mode" must be one of "linear", "forest", not "tree"; ' +
        'the parameter "count" must be from 1 to 5, not 9; ' +
        'the parameter "words" cannot be read: there is no file "nowhere.txt"; ' +
        'the parameter "token" must match the pattern [A-Za-z0-9-]{8,} as a whole',
    );
  });
});

/** As Python writes it. */
function repr(text: string): string {
  return `'${text.replaceAll('\n', '\\n')}'`;
}
