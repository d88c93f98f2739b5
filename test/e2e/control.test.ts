import assert from 'node:assert/strict';
import {
  artifactsOf,
  client,
  deployFlow,
  flowFile,
  invoke,
  type RunArtifacts,
  stockEnvironment,
} from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

interface Ran {
  result: Record<string, unknown>;
  /** What Metaflow's stock client reads. */
  read(): Promise<RunArtifacts>;
}

describe('control of a flow, end to end', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;

  before(async () => {
    shared = await sharedPlatform();
  });

  async function run(text: string, params: object = {}): Promise<Ran> {
    const { file, remove } = await flowFile(text);
    try {
      const { manifest } = await deployFlow(shared, file);
      const { result } = await invoke(shared, manifest.flow, params);
      const { run } = (result.error as { run: string } | undefined) ?? (result as { run: string });
      const env = stockEnvironment(shared);
      return { result, read: () => artifactsOf(shared.platform.python, env, `${manifest.flow}/${run}`) };
    } finally {
      await remove();
    }
  }

  const errorOf = ({ result }: Ran) => result.error as Record<string, unknown>;

  it('a loop of several steps, with a foreach and another loop in it, leaves a task for each turn', async () => {
    const ran = await run(`
flow: LoopsFlow
outputs: [log, total]
steps:
  - step: begin
    run: self.log, self.total, self.turn = [], 0, 0
  - while: self.turn < 3
    steps:
      - foreach: range(self.turn + 1)
        as: n
        concurrency: 2
        steps:
          - step: triple
            run: self.n3 = self.n * 3
        join:
          step: add
          run: |
            self.merge_artifacts(inputs, include=["log", "total", "turn"])
            self.total += sum(i.n3 for i in inputs)
      - until: self.inner >= self.turn
        steps:
          - step: count
            run: self.inner = getattr(self, "inner", 0) + 1
      - step: note
        run: |
          self.log = self.log + [self.inner]
          self.inner = 0
          self.turn += 1
  - step: finish
    run: pass
`);
    assert.deepEqual(ran.result.outputs, { log: [1, 1, 2], total: 12 });
    const { steps } = await ran.read();
    const counts = Object.fromEntries(Object.entries(steps).map(([step, tasks]) => [step, tasks.length]));
    assert.deepEqual(
      { triple: counts.triple, add: counts.add, count: counts.count, note: counts.note },
      { triple: 6, add: 3, count: 4, note: 3 },
    );
  });

  it('more turns than a session has components', async () => {
    const ran = await run(`
flow: ManyTurnsFlow
outputs: [n]
steps:
  - step: begin
    run: self.n = 0
  - while: self.n < 120
    steps: [{ step: turn, run: self.n += 1 }]
  - step: finish
    run: pass
`);
    assert.deepEqual(ran.result.outputs, { n: 120 });
  });

  it('decisions one after the other, of more paths than anybody could follow', async () => {
    const decisions = Array.from(
      { length: 30 },
      (_, n) =>
        `  - { switch: self.n % 2 == ${n % 2}, cases: { true: [{ step: add_${n}, run: self.n += 1 }], false: [] } }\n`,
    );
    const ran = await run(`
flow: DecisionsFlow
outputs: [n]
steps:
  - step: begin
    run: self.n = 0
${decisions.join('')}  - step: finish
    run: pass
`);
    assert.deepEqual(ran.result.outputs, { n: 30 });
  });

  it('repeats attempts whose container dies or that time out', async () => {
    const ran = await run(`
flow: RepeatedFlow
outputs: [died, slow]
steps:
  - step: dies
    run: |
      import os, signal, time
      from metaflow import current
      if current.retry_count == 0:
          os.kill(os.getsid(0), signal.SIGKILL)
          time.sleep(60)
      self.died = current.retry_count
    retry: { times: 2, backoff: 200ms, on: [crash] }
  - step: is_slow
    run: |
      import time
      from metaflow import current
      if current.retry_count == 0:
          time.sleep(60)
      self.slow = current.retry_count
    retry: { times: 1, backoff: 0, on: [timeout] }
    resources: { timeout: 2s }
`);
    assert.deepEqual(ran.result.outputs, { died: 1, slow: 1 }, JSON.stringify(ran.result));
  });

  it('does not repeat a failure that `on` excludes, and runs onFailure once with it', async () => {
    const ran = await run(`
flow: HandledFlow
parameters: { who: { type: string, default: ops } }
steps:
  - foreach: [1, 2, 3]
    as: n
    steps:
      - step: breaks
        run: raise LookupError("nothing")
        retry: { times: 3, on: [ConnectionError] }
onFailure:
  - step: prepare
    run: |
      self.text = f"{self.who}: {self.failure['step']} failed"
  - step: tell
    run: print(self.text)
`);
    assert.match(
      String(errorOf(ran).message ?? (errorOf(ran).error as { message: string })?.message),
      /LookupError: nothing/,
    );
    const { steps } = await ran.read();
    assert.equal(steps.prepare?.length, 1);
    assert.equal(steps.tell?.length, 1);
    assert.equal(steps.tell?.[0]?.stdout, 'ops: breaks failed\n');
  });

  const COLLECTS = (least: string) => `
flow: CollectsFlow
outputs: [good, bad]
steps:
  - foreach: range(10)
    as: n
    onError: collect
    minSuccess: ${least}
    concurrency: 4
    steps:
      - branches:
          left: [{ step: left, run: self.l = 1 / (self.n % 3) }]
          right:
            - foreach: range(2)
              as: k
              steps: [{ step: inner, run: self.r = 1 // (self.n - 5 + self.k) }]
              join: { collect: [r] }
        join: { step: both, run: self.n = inputs.left.n }
    join:
      step: gather
      run: |
        self.good = sorted(i.n for i in inputs)
        self.bad = [failure["item"] for failure in self.failures]
`;

  it('a foreach continues without failed items, wherever they fail', async () => {
    const ran = await run(COLLECTS('40%'));
    assert.deepEqual(ran.result.outputs, { good: [1, 2, 7, 8], bad: [0, 3, 4, 5, 6, 9] }, JSON.stringify(ran.result));
  });

  it('and fails when too few of them succeed', async () => {
    const ran = await run(COLLECTS('5'));
    assert.match(
      JSON.stringify(ran.result.error),
      /4 of 10 items succeeded, but 5 must; first failure: ZeroDivisionError/,
    );
  });

  it('ends a run that exceeds the timeout of its flow', async () => {
    const ran = await run(`
flow: LateFlow
timeout: 3s
steps:
  - step: begin
    run: self.n = 0
  - until: self.n > 1000
    steps: [{ step: waits, run: "import time; time.sleep(0.2); self.n += 1" }]
`);
    assert.match(JSON.stringify(ran.result.error), /the flow was ended after its time limit of 3 s/);
  });

  it('items of a batch share activations', async () => {
    const ran = await run(`
flow: BatchFlow
outputs: [total]
steps:
  - foreach: range(40)
    as: n
    concurrency: 1
    batch: 20
    steps: [{ step: double, run: self.d = self.n * 2 }]
    join: { step: sum_up, run: self.total = sum(i.d for i in inputs) }
`);
    assert.deepEqual(ran.result.outputs, { total: 1560 });
    const { steps } = await ran.read();
    assert.equal(steps.double?.length, 40);
  });

  it('skips an empty foreach and sets its collected artifacts to empty lists', async () => {
    const ran = await run(`
flow: SkippedFlow
parameters: { n: { type: integer, default: 0 } }
outputs: [sizes]
steps:
  - step: begin
    run: self.items = list(range(self.n))
  - foreach: items
    as: item
    onEmpty: skip
    steps: [{ step: size_up, run: self.sizes = self.item }]
    join: { collect: [sizes] }
  - step: finish
    run: pass
`);
    assert.deepEqual(ran.result.outputs, { sizes: [] });
    const { result } = await invoke(shared, 'SkippedFlow', { n: 2 });
    assert.deepEqual(result.outputs, { sizes: [0, 1] });
  });

  it('an action in another language is a step, and its arguments keep their types', async () => {
    const code = `function main({ numbers, text, ...rest }) {
      if (rest.fail) return { error: 'not today' }
      return { sum: numbers.reduce((a, b) => a + b, 0), text, keys: Object.keys(rest).sort() }
    }`;
    await client(shared).actions.update({ name: 'add-up', action: { exec: { kind: 'nodejs:20', code } } as never });
    const flow = (fails: boolean) => `
flow: ActionFlow
outputs: [answer, problem]
steps:
  - step: begin
    run: self.numbers, self.who = [1, 2, 39], "you"
  - step: add
    action: /_/add-up
    with: { numbers: "\${numbers}", text: "to \${who}: \${numbers}, $\${who}", plain: { n: 1 }, fail: ${fails} }
    result: answer
    retry: { times: 1, backoff: 100ms }
    catch: problem
  - step: finish
    run: |
      self.answer = getattr(self, "answer", None)
      self.problem = str(self.problem).splitlines()[-1] if self.problem else None
`;
    const ran = await run(flow(false));
    const answer = { keys: ['fail', 'plain'], sum: 42, text: 'to you: [1, 2, 39], $' + '{who}' };
    assert.deepEqual(ran.result.outputs, { answer, problem: null }, JSON.stringify(ran.result));
    const failed = await run(flow(true));
    assert.equal((failed.result.outputs as { answer: unknown }).answer, null, JSON.stringify(failed.result));
    assert.match(String((failed.result.outputs as { problem: unknown }).problem), /FailureHandledByCatch: not today$/);
  });

  it('a flow as a step of another: waited for with its outputs, or detached', async () => {
    await run(
      `
flow: InnerFlow
parameters: { n: { type: integer, required: true } }
outputs: [squared]
steps:
  - step: square
    run: |
      if self.n < 0: raise ValueError("negative")
      self.squared = self.n ** 2
`,
      { n: 1 },
    );
    const outer = (n: number, more = '') => `
flow: OuterFlow
outputs: [squared, left, started]
steps:
  - step: begin
    run: self.n, self.left = ${n}, None
  - step: inner
    flow: InnerFlow
    with: { n: "\${n}" }
    ${more}
  - step: alone
    flow: InnerFlow
    with: { n: 3 }
    detach: true
    result: started
  - step: finish
    run: self.squared = getattr(self, "squared", None)
`;
    const ran = await run(outer(12));
    const { squared, started } = ran.result.outputs as { squared: number; started: { run: string } };
    assert.equal(squared, 144, JSON.stringify(ran.result));
    assert.match(started.run, /-alone-t$/);
    const failed = await run(outer(-1));
    assert.match(JSON.stringify(failed.result.error), /the flow InnerFlow failed: ValueError: negative/);
    const caught = await run(outer(-1, 'catch: left'));
    assert.equal((caught.result.outputs as { squared: unknown }).squared, null, JSON.stringify(caught.result));
  });

  it('a linear flow is a native sequence, if it may be: half the activations, the same result and tasks', async () => {
    const text = (how: string) => `
flow: SequenceFlow
target: auto
parameters: { n: { type: integer, default: 2 } }
outputs: [n3]
steps:
  - step: square
    run: self.n2 = self.n ** 2
  - step: cube
    run: ${how}
    resources: { memory: 128 }
  - step: finish
    run: pass
`;
    const ran = await run(text('self.n3 = self.n2 * self.n'), { n: 3 });
    const { run: id } = ran.result as { run: string };
    assert.deepEqual(ran.result, { run: id, status: 'succeeded', outputs: { n3: 27 } });
    const action = await client(shared).actions.get({ name: 'SequenceFlow' });
    assert.equal((action.exec as { kind: string }).kind, 'sequence');
    assert.deepEqual(Object.keys((await ran.read()).steps), ['cube', 'finish', 'square']);
    // The same run again is the same run; what is no parameter is refused; a failure ends it.
    const again = await invoke(shared, 'SequenceFlow', { n: 3, run: id });
    assert.deepEqual(again.result, ran.result);
    const other = await invoke(shared, 'SequenceFlow', { n: 5, run: id });
    assert.match((other.result.error as { message: string }).message, /exists already, .* "n" was 3, not 5/);
    const refused = await invoke(shared, 'SequenceFlow', { m: 5 });
    assert.match((refused.result.error as { message: string }).message, /has no parameter "m"/);
    const failed = await run(text('raise ValueError("no cube")'));
    assert.equal((errorOf(failed) as { step: string }).step, 'cube', JSON.stringify(failed.result));
    assert.equal((await failed.read()).successful, false);
  });
});
