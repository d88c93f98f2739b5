import assert from 'node:assert/strict';
import type { Client } from 'openwhisk';
import { keys } from '../../src/contract/layout.generated.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { runCommand } from '../support/command.ts';
import { client, deployFlow, flowFile } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { sharedTwin, type Twin } from '../support/twin.ts';

const FLOW = `flow: ClientFlow
parameters:
  who: { type: string, default: world }
outputs: [greeting, length]
steps:
  - step: greet
    run: |
      print("greeting", self.who)
      self.greeting = "Hello, " + self.who
  - step: count
    run: self.length = len(self.greeting)
`;

interface Answer {
  run: string;
  status: string;
  outputs?: Record<string, unknown>;
}

/** Clients that know OpenWhisk and nothing of nuvopipe: npm's `openwhisk`, which has the calls of `ow` and `wsk`. */
describe('an OpenWhisk client', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;
  let whisk: Client;
  const outputs = (name: string) => ({ greeting: `Hello, ${name}`, length: 7 + name.length });

  before(async () => {
    twin = await sharedTwin();
    whisk = client(twin);
    const flow = await flowFile(FLOW);
    await deployFlow(twin, flow.file);
    await flow.remove();
  });

  const invoke = (options: object): Promise<unknown> => whisk.actions.invoke({ name: 'ClientFlow', ...options });

  async function resultOf(run: string): Promise<Answer> {
    const key = keys.result({ flow: 'ClientFlow', run });
    assert.ok(await poll(() => twin.store.exists(key), 20_000), `${run} has no result`);
    return JSON.parse(Buffer.from((await twin.store.get(key))?.body ?? '').toString());
  }

  async function activation(id: string): Promise<{ response: { success: boolean; result: Answer }; logs: string[] }> {
    let found: Awaited<ReturnType<typeof activation>> | undefined;
    const look = async () => {
      found = (await whisk.activations.get({ name: id }).catch(() => undefined)) as typeof found;
      return found !== undefined;
    };
    assert.ok(await poll(look, 20_000), `there is no record ${id}`);
    return found as NonNullable<typeof found>;
  }

  it('gets the result of a blocking invocation', async () => {
    const answer = (await invoke({ params: { who: 'Ada' }, blocking: true, result: true })) as Answer;
    assert.match(answer.run, /^\d{14}-[0-9a-f]{8}$/);
    assert.deepEqual(answer, { run: answer.run, status: 'succeeded', outputs: outputs('Ada') });
  });

  it('receives the ID of a non-blocking invocation and the result in its record', async () => {
    const { activationId } = (await invoke({ params: { who: 'Grace' } })) as { activationId: string };
    const { response, logs } = await activation(activationId);
    assert.deepEqual([response.success, response.result.outputs], [true, outputs('Grace')]);
    assert.equal(logs.length > 2, true, 'a composition’s log has the ids of its components');
  });

  it('does not wait with wait 0: the answer is "running", and the result follows later', async () => {
    // The first session is not done with its item before a lane has begun with the other.
    const flow = await flowFile(`flow: ElsewhereFlow
parameters: { begun: { type: string, default: '' } }
outputs: [slowest]
steps:
  - step: make
    run: self.naps = [0, 1.5]
  - foreach: naps
    as: nap
    concurrency: 2
    steps:
      - step: sleep
        run: |
          import os, time
          if self.nap: open(self.begun, "w").close()
          while not os.path.exists(self.begun): time.sleep(0.02)
          time.sleep(self.nap)
    join:
      step: gather
      run: self.slowest = max(i.nap for i in inputs)
`);
    await deployFlow(twin, flow.file);
    const started = Date.now();
    const params = { run: 'elsewhere', begun: `${flow.file}.begun` };
    const answer = (await whisk.actions.invoke({
      ...{ name: 'ElsewhereFlow', params: { ...params, wait: 0 }, blocking: true, result: true },
    })) as Answer;
    await flow.remove();
    assert.deepEqual(answer, { run: 'elsewhere', status: 'running' });
    const key = keys.result({ flow: 'ElsewhereFlow', run: 'elsewhere' });
    assert.equal(await twin.store.exists(key), false, `it took ${Date.now() - started} ms`);
    assert.ok(await poll(() => twin.store.exists(key), 20_000));
    const again = await whisk.actions.invoke({
      ...{ name: 'ElsewhereFlow', params: { run: 'elsewhere' }, blocking: true, result: true },
    });
    assert.deepEqual(again, { run: 'elsewhere', status: 'succeeded', outputs: { slowest: 1.5 } });
  });

  it('composes a flow with other actions in a sequence', async () => {
    await whisk.actions.update({
      name: 'clientBefore',
      action: 'function main({whom}) { return {who: whom, run: "seq"} }',
    });
    await whisk.actions.update({
      ...{
        name: 'clientAfter',
        action: 'function main({outputs, status}) { return {status, said: outputs.greeting} }',
      },
    });
    const sequence = ['/_/clientBefore', '/_/ClientFlow', '/_/clientAfter'];
    await whisk.actions.update({ name: 'clientSequence', sequence } as never);
    const answer = await whisk.actions.invoke({
      ...{ name: 'clientSequence', params: { whom: 'Linus' }, blocking: true, result: true },
    });
    assert.deepEqual(answer, { status: 'succeeded', said: 'Hello, Linus' });
  });

  it('starts a flow by a trigger and a rule', async () => {
    await whisk.triggers.update({ name: 'clientTrigger' });
    await whisk.rules.update({ name: 'clientRule', action: 'ClientFlow', trigger: 'clientTrigger' });
    await whisk.triggers.invoke({ name: 'clientTrigger', params: { run: 'fired', who: 'Barbara' } });
    assert.deepEqual(await resultOf('fired'), { run: 'fired', status: 'succeeded', outputs: outputs('Barbara') });
  });

  it('learns from nuvopipe how the run ended', async () => {
    const run = 'told';
    await invoke({ params: { run, who: 'Radia' }, blocking: true });
    const { store } = twin.platform;
    const env = { AWS_ACCESS_KEY_ID: store.accessKeyId, AWS_SECRET_ACCESS_KEY: store.secretAccessKey };
    const where = ['--datastore', twin.store.root, '--endpoint', store.endpoint as string, '--json'];
    const [status, logs] = await Promise.all([
      runCommand('status', [`ClientFlow/${run}`, ...where], env),
      runCommand('logs', [`ClientFlow/${run}`, ...where], env),
    ]);
    assert.deepEqual([status.code, logs.code], [0, 0], status.stderr + logs.stderr);
    const told = JSON.parse(status.stdout);
    assert.deepEqual([told.status, told.outputs], ['succeeded', outputs('Radia')]);
    assert.deepEqual(
      told.steps.map(({ step, succeeded }: Record<string, unknown>) => [step, succeeded]),
      [
        ['greet', 1],
        ['count', 1],
      ],
    );
    assert.deepEqual(
      JSON.parse(logs.stdout).lines.map(({ text }: { text: string }) => text),
      ['greeting Radia'],
    );
  });
});
