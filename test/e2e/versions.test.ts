import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunResult } from '../../src/contract/envelope.ts';
import { keys } from '../../src/contract/layout.generated.ts';
import { versionOf } from '../../src/contract/names.ts';
import { readRecord } from '../../src/platform/s3/read-record.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { runCommand, startCommand } from '../support/command.ts';
import { client, deployFlow, invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { sharedPlatform } from '../support/platform.ts';
import { isConductor, sharedTwin, type Twin } from '../support/twin.ts';

/** Code of a step that waits for a file, and says that it does. */
const wait = (where: string) => `import os, time
          open(self.gate + ".${where}", "w").close()
          while not os.path.exists(self.gate): time.sleep(0.02)`;

interface Wanted {
  flow: string;
  /** Name of the step in the foreach. */
  step?: string;
  memory?: string;
}

/** Waits in its first step, or in the first item of its foreach; then needs lanes, and more components than a session has. */
const waiting = ({ flow, step = 'apply', memory = '256Mi' }: Wanted) => `
flow: ${flow}
code: [rules.py]
parameters:
  gate: { type: string, default: '' }
  place: { type: string, default: none }
  turns: { type: integer, default: 1, help: of a loop }
outputs: [results, turn]
steps:
  - step: make
    run: |
      self.numbers, self.turn = [0, 1, 2, 3], 0
      if self.place == "make":
          ${wait('make')}
  - foreach: numbers
    as: number
    concurrency: 3
    steps:
      - step: ${step}
        resources: { memory: ${memory} }
        run: |
          import rules
          if self.place == "item" and self.number == 0:
              ${wait('item').replaceAll('\n', '\n    ')}
          self.result = rules.of(self.number)
    join:
      step: gather
      run: |
        self.merge_artifacts(inputs, include=["turn"])
        self.results = [i.result for i in inputs]
  - while: self.turn < self.turns
    steps: [{ step: again, run: self.turn += 1 }]
  - step: finish
    run: pass
`;
const rules = (factor: number) => `def of(number):\n    return number * ${factor}\n`;

describe('versions of a flow, end to end', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;
  let folder: string;

  before(async () => {
    twin = await sharedTwin();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-versions-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const gate = () => join(folder, 'gate');
  const open = () => writeFile(gate(), '');
  async function deploy(flow: string, factor = 1): Promise<string> {
    await Promise.all([writeFile(join(folder, 'flow.yaml'), flow), writeFile(join(folder, 'rules.py'), rules(factor))]);
    return (await deployFlow(twin, join(folder, 'flow.yaml'))).manifest.flowVersion;
  }

  /** Starts a run, and waits until it waits. */
  async function startAndWait(flow: string, place: string, more: object = {}): Promise<void> {
    await client(twin).actions.invoke({ name: flow, params: { run: place, place, gate: gate(), ...more } });
    assert.ok(
      await poll(() => exists(`${gate()}.${place}`), 30_000),
      `${flow}/${place} does not come to where it waits`,
    );
  }

  async function ending(flow: string, run: string): Promise<RunResult> {
    const result = () => readRecord(twin.store, keys.result({ flow, run }), 'RunResult');
    assert.ok(await poll(async () => (await result()) !== undefined, 60_000), `${flow}/${run} has not ended`);
    return (await result()) as RunResult;
  }

  async function versionOfRun(flow: string, run: string): Promise<string> {
    return versionOf((await readRecord(twin.store, keys.run({ flow, run }), 'RunRecord'))?.bundle ?? '');
  }

  /** Whether so many lanes and continuations of a version have begun since then; one has a record when it has ended. */
  function areLaunched(least: number, flow: string, version: string, since: number): Promise<boolean> {
    const path = `guest/${flow}.steps/flow-${version}`;
    return poll(async () => {
      const records = await twin.activations();
      const own = records.filter(({ annotations }) => annotations.some(({ value }) => value === path));
      return own.filter(({ cause, start }) => cause === undefined && start > since).length >= least;
    }, 20_000);
  }

  async function deployedVersions(flow: string): Promise<string[]> {
    const actions = (await client(twin).actions.list({ limit: 200 })) as { name: string; namespace: string }[];
    const own = actions.filter(
      ({ namespace, name }) => namespace.endsWith(`/${flow}.steps`) && name.startsWith('flow-'),
    );
    return own.map(({ name }) => name.replace('flow-', '')).sort();
  }

  it('a run finishes on the version it started with, including lanes and continuations; the next run uses the new one', async () => {
    const flow = 'RedeployedFlow';
    const first = await deploy(waiting({ flow }), 10);
    const turns = { make: 45, item: 1 };
    await startAndWait(flow, 'make', { turns: turns.make });
    await startAndWait(flow, 'item');
    const second = await deploy(waiting({ flow, step: 'compute', memory: '512Mi' }), 100);
    const started = Date.now();
    const next = await invoke(twin, flow, { run: 'next' });
    assert.deepEqual(next.result.outputs, { results: [0, 100, 200, 300], turn: 1 });
    assert.equal(await versionOfRun(flow, 'next'), second);

    // Only the code of a module is another; the first version is in use still.
    const third = await deploy(waiting({ flow, step: 'compute', memory: '512Mi' }), 1000);
    assert.equal(new Set([first, second, third]).size, 3);
    assert.deepEqual(await deployedVersions(flow), [first, second, third].sort());

    await open();
    for (const run of ['make', 'item'] as const) {
      assert.deepEqual((await ending(flow, run)).outputs, { results: [0, 10, 20, 30], turn: turns[run] }, run);
      assert.equal(await versionOfRun(flow, run), first);
      const steps = new Set([...(await twin.tasks(flow, run)).values()].map(({ step }) => step));
      assert.ok(steps.has('apply') && !steps.has('compute'));
    }
    // A continuation; how many lanes there are depends on what items take.
    assert.ok(await areLaunched(1, flow, first, started));

    assert.equal(await deploy(waiting({ flow, step: 'compute', memory: '512Mi' }), 1000), third);
    assert.deepEqual(await deployedVersions(flow), [second, third].sort());
    const last = await invoke(twin, flow);
    assert.deepEqual(last.result.outputs, { results: [0, 1000, 2000, 3000], turn: 1 });
  });

  it('launches a lane again that was refused before', async () => {
    const flow = 'GrowingFlow';
    // Long enough for the first session to ask once more between two of them.
    const slow = 'import rules, time\n          if self.number > 0: time.sleep(2.2)';
    const first = await deploy(waiting({ flow }).replace('import rules', slow), 10);
    const started = Date.now();
    let isRefused = true;
    twin.faults.refuse = (path) => (isRefused && isConductor(path, flow) && path !== `guest/${flow}` ? 429 : undefined);
    try {
      await startAndWait(flow, 'item');
      await deploy(waiting({ flow, step: 'compute' }), 100);
    } finally {
      isRefused = false;
      delete twin.faults.refuse;
    }
    await open();
    assert.deepEqual((await ending(flow, 'item')).outputs, { results: [0, 10, 20, 30], turn: 1 });
    assert.ok(await areLaunched(1, flow, first, started));
    assert.equal(await versionOfRun(flow, 'item'), first);
  });

  it('a native sequence continues with its own components', async () => {
    const flow = 'RedeployedSequence';
    const sequence = (text: string, more = '') => `
flow: ${flow}
target: sequence
parameters: { gate: { type: string, default: '' }, place: { type: string, default: none } }
outputs: [said]
steps:
  - step: make
    run: |
      self.said = ["${text}"]
      if self.place == "make":
          ${wait('make')}
  - step: say
    run: self.said = self.said + ["${text}"]
${more}`;
    await deploy(sequence('old'));
    await startAndWait(flow, 'make');
    await deploy(sequence('new', '  - step: again\n    run: self.said = self.said + ["again"]\n'));
    assert.deepEqual((await invoke(twin, flow)).result.outputs, { said: ['new', 'new', 'again'] });
    await open();
    assert.deepEqual((await ending(flow, 'make')).outputs, { said: ['old', 'old'] });
  });

  it('cancelling a run executes the onFailure steps of its own version', async () => {
    const flow = 'CancelledVersionFlow';
    const journal = join(folder, 'journal');
    const handled = (text: string) => `${waiting({ flow })}
onFailure:
  - step: note
    run: open("${journal}", "a").write("${text}\\n")
`;
    await deploy(handled('old'));
    await startAndWait(flow, 'make');
    await deploy(handled('new'));
    assert.equal((await invoke(twin, flow, { cancel: 'make' })).result.status, 'cancelled');
    assert.equal((await ending(flow, 'make')).status, 'cancelled');
    assert.equal(await readFile(journal, 'utf8'), 'old\n');
  });

  it('nuvopipe run, and again with a changed file', async () => {
    const { home } = await sharedPlatform();
    const flow = 'EditedFlow';
    const file = join(folder, 'flow.yaml');
    await Promise.all([writeFile(file, waiting({ flow })), writeFile(join(folder, 'rules.py'), rules(10))]);
    const first = startCommand('run', [file, '-p', 'place=item', '-p', `gate=${gate()}`, '--home', home, '--json']);
    try {
      assert.ok(await poll(() => exists(`${gate()}.item`), 60_000), first.stderr());
      await writeFile(join(folder, 'rules.py'), rules(100));
      const second = await runCommand('run', [file, '--home', home, '--json']);
      assert.equal(second.code, 0, second.stderr);
      assert.deepEqual(JSON.parse(second.stdout).outputs.results, [0, 100, 200, 300]);
    } finally {
      await open();
    }
    const { code, stdout, stderr } = await first.done;
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout).outputs.results, [0, 10, 20, 30]);
  });
});

function exists(file: string): Promise<boolean> {
  return readFile(file).then(
    () => true,
    () => false,
  );
}
