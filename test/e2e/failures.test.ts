import assert from 'node:assert/strict';
import { prefixes } from '../../src/contract/layout.generated.ts';
import type { Activation } from '../../src/twin/openwhisk/activation-store.ts';
import { withMetaflow } from '../platform/metadata/real-runs.ts';
import { runCommand } from '../support/command.ts';
import { deployFlow, flowFile, invoke, stockEnvironment } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { sharedTwin, type Twin } from '../support/twin.ts';

const FLOW = `flow: FailureFlow
parameters: { how: { type: string, required: true } }
resources: { timeout: 1s }
outputs: [done]
steps:
  - step: begin
    run: self.begun = self.how
  - step: break_down
    run: |
      import ctypes, os, signal, subprocess, sys, threading, time
      print("about to", self.how)
      if self.how == "raise":
          raise ValueError("no such thing")
      if self.how == "raise what has no text":
          class Silent(Exception):
              def __str__(self):
                  raise RuntimeError("no text")
          raise Silent()
      if self.how == "raise a long story":
          raise ValueError("žluťoučký " * 1000)
      if self.how == "recurse":
          def recurse():
              recurse()
          recurse()
      if self.how == "exit":
          sys.exit(3)
      if self.how == "exit at once":
          os._exit(0)
      if self.how == "segfault":
          ctypes.string_at(0)
      if self.how == "kill itself":
          os.kill(os.getpid(), signal.SIGKILL)
      if self.how == "sleep":
          time.sleep(60)
      if self.how == "ignore the time limit":
          signal.signal(signal.SIGALRM, signal.SIG_IGN)
          time.sleep(60)
      if self.how == "keep a lock":
          self.lock = threading.Lock()
      if self.how == "close everything":
          os.closerange(3, 100)
      if self.how == "kill its container":
          os.kill(os.getsid(0), signal.SIGKILL)
          time.sleep(60)
      if self.how == "leave a child behind":
          subprocess.Popen(["sleep", "61"])
      if self.how == "leave a thread behind":
          threading.Thread(target=time.sleep, args=(61,), daemon=True).start()
  - step: end
    run: self.done = True
`;
const lineOf = (text: string) => 1 + FLOW.split('\n').findIndex((line) => line.includes(text));
const at = (text: string) => `flow\\.yaml:${lineOf(text)}`;

/** What the step does, and what everybody is told; `log` where its stderr says it in other words. */
const FAILURES: { how: string; message: RegExp; log?: RegExp }[] = [
  {
    how: 'raise',
    message: new RegExp(`^ValueError: no such thing \\(${at('raise ValueError("no')}\\)$`),
    log: new RegExp(
      `\\nTraceback.*\\n  File "flow\\.yaml", line ${lineOf('raise ValueError("no')}, in .*\\n.*\\nValueError: no such`,
    ),
  },
  { how: 'raise what has no text', message: /^RuntimeError: no text \(flow\.yaml:\d+\)$/, log: /Silent/ },
  {
    how: 'raise a long story',
    message: /^ValueError: (žluťoučký ){10}.{0,250} \(flow\.yaml:\d+\)$/,
    log: /ValueError/,
  },
  { how: 'recurse', message: /^RecursionError: .*\(flow\.yaml:\d+\)$/, log: /RecursionError/ },
  {
    how: 'exit',
    message: new RegExp(`^the step ended with exit code 3: it called exit\\(3\\) \\(${at('sys.exit(3)')}\\)$`),
    log: /exit\(3\)/,
  },
  { how: 'exit at once', message: /exit code 0 and without a result/ },
  { how: 'segfault', message: /ended by signal SIGSEGV/ },
  { how: 'kill itself', message: /ended by signal SIGKILL/ },
  { how: 'sleep', message: /break_down took longer than 1 s(, at flow\.yaml:34)?$/m },
  { how: 'ignore the time limit', message: /ended after its time limit of 1 s/ },
  { how: 'keep a lock', message: /lock/ },
  { how: 'close everything', message: /without a result|Bad file descriptor/, log: /./ },
  { how: 'kill its container', message: /^the step's activation failed: / },
];
const HARMLESS = ['leave a child behind', 'leave a thread behind', 'nothing'];

interface ReadTask {
  run: string;
  finished: boolean;
  successful: boolean;
  stdout: string;
  stderr: string;
  exception: string | null;
  steps: string[];
}

const READ = `
import json, os
from metaflow import Flow, namespace
namespace(None)
found = []
for run in Flow("FailureFlow"):
    task = run["break_down"].task
    found.append({"run": run.id, "finished": run.finished, "successful": run.successful, "stdout": task.stdout,
        "stderr": task.stderr, "exception": str(task.exception) if task.exception else None,
        "steps": [step.id for step in run]})
print(json.dumps(found))
`;

describe('failures in a step', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;
  let read: Map<string, ReadTask>;
  const answers = new Map<string, Record<string, unknown>>();
  const runOf = (how: string) => how.replaceAll(' ', '-');

  before(async () => {
    twin = await sharedTwin();
    const flow = await flowFile(FLOW);
    await deployFlow(twin, flow.file);
    await flow.remove();
    // The last failure takes the container with it; what is harmless comes before.
    for (const how of [...HARMLESS, ...FAILURES.map((failure) => failure.how)]) {
      const { result } = await invoke(twin, 'FailureFlow', { how, run: runOf(how) });
      answers.set(how, result);
    }
    const tasks = await withMetaflow<ReadTask[]>(READ, stockEnvironment(twin) as Record<string, string>);
    read = new Map(tasks.map((task) => [task.run, task]));
  });

  for (const how of HARMLESS) {
    it(`does no harm: ${how}`, () => {
      const run = runOf(how);
      assert.deepEqual(answers.get(how), { run, status: 'succeeded', outputs: { done: true } });
      assert.equal(read.get(run)?.successful, true);
    });
  }

  for (const { how, message, log = message } of FAILURES) {
    it(`fails the run, with its reason and its log: ${how}`, async () => {
      const run = runOf(how);
      const { error: answered } = answers.get(how) as { error: Record<string, string> };
      const { error: reason, ...error } = answered;
      assert.match(error.message as string, message);
      assert.equal(reason, error.message);
      assert.deepEqual(
        { ...error, message: '' },
        { run, status: 'failed', message: '', step: 'break_down', task: `FailureFlow/${run}/break_down/t` },
      );
      const task = read.get(run) as ReadTask;
      assert.deepEqual([task.finished, task.successful], [false, false]);
      assert.deepEqual(task.steps.sort(), ['begin', 'break_down']);
      assert.match(task.stderr, log);
      if (how !== 'kill its container') assert.ok(task.stdout.startsWith(`about to ${how}\n`));
    });
  }

  it('leaves the exception to Metaflow’s client', () => {
    assert.match(read.get('raise')?.exception ?? '', /no such thing/);
  });

  it('leaves the container alive for the next run', async () => {
    const steps = (await twin.activations()).filter(pathIs(/^guest\/FailureFlow\.steps\//));
    const cold = steps.filter(({ annotations }) => annotations.some(({ key }) => key === 'initTime'));
    assert.ok(steps.length > 2 * FAILURES.length);
    // The first, and the one after the container that was killed.
    assert.equal(cold.length, 2);
  });

  it('is shown by nuvopipe logs and nuvopipe status', async () => {
    const { store } = twin.platform;
    const env = { AWS_ACCESS_KEY_ID: store.accessKeyId, AWS_SECRET_ACCESS_KEY: store.secretAccessKey };
    const where = ['--datastore', twin.store.root, '--endpoint', store.endpoint as string];
    const [logs, status] = await Promise.all([
      runCommand('logs', ['FailureFlow/raise', ...where], env),
      runCommand('status', ['FailureFlow/segfault', '--json', ...where], env),
    ]);
    assert.equal(logs.code, 0, logs.stderr);
    assert.match(logs.stdout, /about to raise/);
    assert.match(logs.stdout, /ValueError: no such thing/);
    const { status: state, error, steps } = JSON.parse(status.stdout);
    assert.equal(state, 'failed');
    assert.match(error.message, /SIGSEGV/);
    assert.deepEqual(
      steps.map(({ step, succeeded, failed }: Record<string, unknown>) => ({ step, succeeded, failed })),
      [
        { step: 'begin', succeeded: 1, failed: 0 },
        { step: 'break_down', succeeded: 0, failed: 1 },
      ],
    );
  });
});

describe('invalid requests of clients', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;

  before(async () => {
    twin = await sharedTwin();
    const flow = await flowFile(`flow: AskedFlow
parameters:
  count: { type: integer, required: true }
  share: { type: number, default: 0.5 }
outputs: [count, token]
steps:
  - step: only
    run: |
      import os
      self.token = os.urandom(4).hex()
      if self.count < 0:
          raise ValueError(self.token)
`);
    await deployFlow(twin, flow.file);
    await flow.remove();
  });

  const REFUSED: { what: string; params: Record<string, unknown>; message: RegExp }[] = [
    { what: 'a missing parameter', params: {}, message: /^the parameter "count" is missing$/ },
    {
      what: 'one of another type',
      params: { count: 'three' },
      message: /^the parameter "count" must be a whole number, not "three"$/,
    },
    {
      what: 'one that is too large',
      params: { count: '1e999' },
      message: /^the parameter "count" must be a whole number/,
    },
    {
      what: 'one that the flow has not',
      params: { count: 1, cuont: 2 },
      message: /^the flow has no parameter "cuont".*count .*share /,
    },
    {
      what: 'several at once',
      params: { share: [], x: 1 },
      message: /"count" is missing.*"share" must be a number.*"x"/,
    },
    {
      what: 'a run named with a slash',
      params: { count: 1, run: '../other' },
      message: /^invalid run name "\.\.\/other"/,
    },
    { what: 'a run without a name', params: { count: 1, run: '' }, message: /^invalid run name ""/ },
    { what: 'a run with too long a name', params: { count: 1, run: 'x'.repeat(5_000) }, message: /^invalid run name/ },
    {
      what: 'a wait that is no number',
      params: { count: 1, wait: 'soon' },
      message: /^'wait' must be a number of seconds/,
    },
  ];

  for (const { what, params, message } of REFUSED) {
    const isNamed = !('run' in params || 'wait' in params);
    it(`${what}: it is reported, ${isNamed ? 'and the run has failed' : 'and nothing is written'}`, async () => {
      const before = new Set(await objects());
      const { result } = await invoke(twin, 'AskedFlow', params);
      const error = result.error as Record<string, string>;
      assert.match(error.message as string, message);
      assert.equal(error.status, 'failed');
      const written = (await objects()).filter((key) => !before.has(key)).map((key) => key.split('/').at(-1));
      assert.deepEqual(written, isNamed ? ['failed', 'result.json', 'run.json'] : []);
    });
  }

  it('a run that is asked for twice: both get the same result, a failed one too', async () => {
    for (const count of [1, -1]) {
      const params = { count, run: `run${count}` };
      const first = await invoke(twin, 'AskedFlow', params);
      const second = await invoke(twin, 'AskedFlow', params);
      assert.deepEqual(second.result, first.result);
      assert.notEqual(second.activationId, first.activationId);
    }
  });

  async function objects(): Promise<string[]> {
    const found: string[] = [];
    for (const prefix of ['AskedFlow/', prefixes.flow({ flow: 'AskedFlow' })]) {
      for await (const { key } of twin.store.list(prefix)) found.push(key);
    }
    return found;
  }
});

function pathIs(pattern: RegExp): (record: Activation) => boolean {
  return ({ annotations }) =>
    annotations.some(({ key, value }) => key === 'path' && typeof value === 'string' && pattern.test(value));
}
