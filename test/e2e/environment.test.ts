import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../support/command.ts';
import { artifactsOf, compileFile, deployFlow, flowFile, invoke, stockRun } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS, sharedHome } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';
import { startTwin } from '../support/twin.ts';

const VARS = `flow: VarsFlow
environment: { vars: { COLOR: blue, SIZE: 1.10, EMPTY: "" } }
outputs: [first, second, third]
steps:
  - step: one
    environment: { vars: { COLOR: "it's \\"red\\"", ONLY_HERE: on } }
    run: |
      import os, subprocess
      self.first = [os.environ.get(name) for name in ("COLOR", "SIZE", "EMPTY", "ONLY_HERE")]
      self.first.append(subprocess.run(["sh", "-c", "echo $COLOR"], capture_output=True, text=True).stdout.strip())
  - step: two
    run: |
      import os
      self.second = [os.environ.get(name) for name in ("COLOR", "SIZE", "EMPTY", "ONLY_HERE")]
  - foreach: [a, b]
    as: letter
    steps:
      - step: three
        environment: { vars: { COLOR: green } }
        run: |
          import os
          self.color = os.environ["COLOR"] + self.letter
    join:
      step: all
      environment: { vars: { COLOR: grey } }
      run: |
        import os
        self.third = [i.color for i in inputs] + [os.environ["COLOR"]]
        self.merge_artifacts(inputs, include=["first", "second"])
`;
const VARS_SEEN = {
  first: ['it\'s "red"', '1.10', '', 'on', 'it\'s "red"'],
  second: ['blue', '1.10', '', null],
  third: ['greena', 'greenb', 'grey'],
};

const PACKAGES = `flow: PipFlow
environment: { pip: [iniconfig==2.3.1] }
outputs: [versions]
steps:
  - step: start
    run: |
      from importlib.metadata import version
      self.versions = [version("iniconfig")]
  - step: older
    environment: { pip: [iniconfig==2.0.0, toml==0.10.2] }
    run: |
      from importlib.metadata import version
      import toml
      self.versions.append(version("iniconfig") + " and " + version("toml"))
  - step: end
    run: |
      from importlib.metadata import version
      from importlib.util import find_spec
      self.versions += [version("iniconfig"), find_spec("toml") is None]
`;
const VERSIONS = ['2.3.1', '2.0.0 and 0.10.2', '2.3.1', true];

const IMAGE = `flow: ImageFlow
outputs: [answer]
steps:
  - step: start
    run: self.answer = 6
  - step: compute
    environment: { image: acme/python-with-much-in-it:3 }
    run: self.answer *= 7
`;

const TOKEN = `flow: TokenFlow
outputs: [length]
steps:
  - step: use
    secrets: [TEST_TOKEN, OTHER_TOKEN]
    run: |
      import os
      self.length = len(os.environ["OTHER_TOKEN"])
      print("I have", os.environ["OTHER_TOKEN"])
`;

describe('the environment of steps', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  let folder: string;

  before(async () => {
    shared = await sharedPlatform();
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-environment-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const withFlow = async (text: string, work: (file: string) => Promise<void>) => {
    const { file, remove } = await flowFile(text);
    await work(file).finally(remove);
  };
  const outputsOf = async (flow: string, where = shared) => {
    const { result } = await invoke(where, flow);
    assert.equal(result.status, 'succeeded', JSON.stringify(result));
    return result.outputs;
  };

  it('vars: those of the flow, then those of the step, and nothing of the step before; the same under stock Metaflow', () =>
    withFlow(VARS, async (file) => {
      const bundle = await deployFlow(shared, file);
      assert.equal(bundle.manifest.steps.length, 1, 'all steps share containers');
      assert.deepEqual(await outputsOf('VarsFlow'), VARS_SEEN);
      const stock = await stockRun(shared.platform.python, bundle, folder);
      try {
        assert.equal(stock.code, 0, stock.stderr);
        const { steps } = await artifactsOf(shared.platform.python, stock.env, stock.pathspec);
        const last = steps.all?.[0]?.artifacts ?? {};
        assert.match(last.third ?? '', /greena.*greenb.*grey/);
        assert.match(last.first ?? '', /1\.10/);
      } finally {
        await stock.remove();
      }
    }));

  it('pip: each step has its own versions, from a separate layer', () =>
    withFlow(PACKAGES, async (file) => {
      const bundle = await deployFlow(shared, file);
      const [usual, older] = bundle.manifest.steps;
      assert.equal(usual?.profile, 'p256-60s');
      assert.match(older?.profile ?? '', /^p256-60s-[0-9a-f]{6}$/);
      assert.equal(older?.name, `${older?.profile}-${bundle.manifest.flowVersion}`);
      assert.deepEqual(await outputsOf('PipFlow'), { versions: VERSIONS });
      await runCommand('deploy', [file, '--local', '--home', shared.home]);
      const again = await runCommand('deploy', [file, '--local', '--home', shared.home]);
      assert.match(again.stdout, /: 7 unchanged/, again.stderr);
    }));

  it('image: runs the step on a cluster; the local platform warns and uses its own Python', () =>
    withFlow(IMAGE, async (file) => {
      const done = await runCommand('deploy', [file, '--local', '--home', shared.home, '--json']);
      assert.equal(done.code, 0, done.stderr);
      const { warnings } = JSON.parse(done.stdout);
      assert.deepEqual(warnings.length, 1);
      assert.match(
        warnings[0],
        /^the local platform has no containers: steps compute \(action p256-60s-[0-9a-f]{6}-[0-9a-f]{8}\) run in the local Python, not in acme\/python-with-much-in-it:3$/,
      );
      assert.match(done.stderr, /warning: the local platform has no containers/);
      assert.deepEqual(await outputsOf('ImageFlow'), { answer: 42 });
      const twin = await startTwin();
      try {
        await deployFlow(twin, file);
        const { result } = await invoke(twin, 'ImageFlow');
        assert.match(JSON.stringify(result), /Failed to pull container image 'acme\/python-with-much-in-it:3'/);
      } finally {
        await twin.close();
      }
    }));

  it('secrets: given to run by a file and an option, asked for when they are not, and shown nowhere', () =>
    withFlow(TOKEN, async (file) => {
      const env = { TEST_TOKEN: '', OTHER_TOKEN: '' };
      const missing = await runCommand('run', [file, '--home', await sharedHome()], env);
      assert.equal(missing.code, 2, missing.stderr);
      assert.match(
        missing.stderr,
        /error\[missing-secrets\]: the flow TokenFlow needs secrets: TEST_TOKEN \(step use\), OTHER_TOKEN \(step use\)\n/,
      );
      const secretsFile = join(folder, '.env');
      await writeFile(secretsFile, 'OTHER_TOKEN="kept in a file" # for tests\n');
      const options = ['--secrets-file', secretsFile, '--secret', 'TEST_TOKEN=from-the-option', '--home', shared.home];
      const ran = await runCommand('run', [file, ...options, '--json'], env);
      assert.equal(ran.code, 0, ran.stderr);
      const { run, outputs } = JSON.parse(ran.stdout);
      assert.deepEqual(outputs, { length: 'kept in a file'.length });
      const logs = await runCommand('logs', [`TokenFlow/${run}`, '--home', shared.home]);
      assert.match(logs.stdout, /I have \*\*\*/);
      const changed = await runCommand('deploy', [file, '--local', ...options, '--secret', 'OTHER_TOKEN'], {
        ...env,
        OTHER_TOKEN: 'another one',
      });
      assert.match(changed.stdout, /: 1 updated, 4 unchanged/, changed.stderr);
      for (const { stdout, stderr } of [missing, ran, logs, changed]) {
        assert.doesNotMatch(stdout + stderr, /kept in a file|from-the-option|another one/);
      }
    }));

  it('a bundle names the secrets of each step, and has no value', () =>
    withFlow(TOKEN, async (file) => {
      const { plan } = await compileFile(file);
      assert.deepEqual(plan.steps.use?.secrets, ['TEST_TOKEN', 'OTHER_TOKEN']);
      assert.ok(Object.entries(plan.steps).every(([name, { secrets }]) => name === 'use' || !secrets));
    }));
});
