import assert from 'node:assert/strict';
import type { Envelope } from '../../src/contract/envelope.ts';
import type { Plan } from '../../src/contract/plan.ts';
import { ENVELOPE_MAX_BYTES } from '../../src/contract/protocol.generated.ts';
import type { Actions } from './conductor.ts';
import { runSession } from './conductor.ts';
import { linearFlow, Workshop } from './flows.ts';

/** Walks a plan as the runtime would, were every fork one item wide. */
function walker(plan: Plan, see: (envelope: Envelope) => void = () => {}): Actions {
  return (_, params) => {
    const { params: _given, died: _died, ...envelope } = params as unknown as Envelope;
    see(params as unknown as Envelope);
    const { next } = plan.steps[envelope.step as string] as Plan['steps'][string];
    const used = (envelope.used ?? 0) + 1;
    if ('end' in next)
      return { run: envelope.run, used, result: { run: envelope.run, status: 'succeeded', outputs: { x: 1 } } };
    const pool = plan.pools['open' in next ? next.open : 'done' in next ? next.done : ''];
    const step = 'step' in next ? next.step : ((('open' in next ? pool?.first[0] : pool?.join) ?? '') as string);
    return { ...envelope, used, step, block: plan.steps[step]?.block };
  };
}

describe('composition', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop.close());

  async function compiled(flow: string): Promise<{ plan: Plan; conductor: string; version: string }> {
    const { plan, manifest, files } = await workshop.bundle(flow);
    return { plan, conductor: Buffer.from(files.get('conductor.js') ?? '').toString(), version: manifest.flowVersion };
  }

  it('starts a run with the parameters that were given, walks its steps and answers the result', async () => {
    const { plan, conductor, version } = await compiled(linearFlow(3));
    const { result, calls } = await runSession(conductor, { n: 1 }, walker(plan));
    const run = String(calls[0]?.params.run);
    assert.match(run, /^20\d{12}-f00dface$/);
    assert.deepEqual(result, { run, status: 'succeeded', outputs: { x: 1 } });
    assert.deepEqual(
      calls.map(({ action, params }) => [action, params.step, params.used ?? 0, params.params]),
      [
        [`/_/LinearFlow.steps/p256-60s-${version}`, 's0', 0, { n: 1 }],
        [`/_/LinearFlow.steps/p256-60s-${version}`, 's1', 1, undefined],
        [`/_/LinearFlow.steps/p256-60s-${version}`, 's2', 2, undefined],
      ],
    );
    assert.deepEqual(calls[0]?.params, { run, block: 's0', step: 's0', at: [], home: true, params: { n: 1 } });
  });

  it('takes the run’s name and how long to wait from the invocation', async () => {
    const { plan, conductor } = await compiled(linearFlow(1));
    const { calls } = await runSession(conductor, { run: 'mine', wait: 0, n: 1 }, walker(plan));
    assert.deepEqual(calls[0]?.params, {
      ...{ run: 'mine', block: 's0', step: 's0', at: [], home: true, params: { n: 1 } },
      answerWithin: 0,
    });
  });

  it('resumes and cancels a run; `from` is a parameter of all others', async () => {
    const { plan, conductor } = await compiled(linearFlow(1));
    const entered = async (given: Record<string, unknown>) =>
      (await runSession(conductor, given, walker(plan))).calls[0]?.params;
    const entry = { block: 's0', step: 's0', at: [], home: true };
    assert.deepEqual(await entered({ resume: 'r1', run: 'r2' }), { ...entry, run: 'r2', origin: ['r1'], params: {} });
    assert.deepEqual(await entered({ resume: 'r1', run: 'r2', from: 's0' }), {
      ...{ ...entry, run: 'r2', origin: ['r1', 's0'] },
      params: {},
    });
    assert.deepEqual(await entered({ cancel: 'r1' }), { ...entry, run: 'r1', cancel: true });
    assert.deepEqual(await entered({ run: 'r', from: 7 }), { ...entry, run: 'r', params: { from: 7 } });
  });

  it('enters where a given envelope says', async () => {
    const { plan, conductor } = await compiled(linearFlow(100));
    const envelope = { run: 'r', block: plan.steps.s95?.block, step: 's95', at: [], again: true };
    const { calls } = await runSession(conductor, { nuvopipe: envelope }, walker(plan));
    assert.deepEqual(calls[0]?.params, envelope);
    assert.deepEqual(
      calls.map(({ params }) => params.step),
      ['s95', 's96', 's97', 's98', 's99'],
    );
  });

  it('finds the way through forks, joins and profiles', async () => {
    const { plan, conductor, version } = await compiled(`
flow: Forks
steps:
  - step: a
    run: self.xs = [1]
  - foreach: xs
    as: x
    steps:
      - step: b
        run: pass
        resources: { memory: 512 }
      - branches:
          one: [{ step: c, run: pass }]
          two: [{ step: d, run: pass }]
  - step: z
    run: pass
`);
    const { result, calls } = await runSession(conductor, {}, walker(plan));
    assert.equal(result.status, 'succeeded');
    assert.deepEqual(
      calls.map(({ action, params }) => `${params.step}@${action.split('/').at(-1)?.replace(version, 'v')}`),
      [
        'a@p256-60s-v',
        'b@p512-60s-v',
        'c@p256-60s-v',
        'join_fork_one_two@p512-60s-v',
        'join_foreach_xs@p256-60s-v',
        'z@p256-60s-v',
      ],
    );
  });

  it('pauses in the wait action and comes back with the same envelope', async () => {
    const { plan, conductor, version } = await compiled(linearFlow(2));
    const walk = walker(plan);
    let paused = false;
    const { result, calls } = await runSession(conductor, {}, (action, params) => {
      if (action.endsWith('/wait')) return {};
      if (params.step === 's1' && !paused) {
        paused = true;
        return { ...params, used: 5, wait: 1500 };
      }
      return walk(action, params);
    });
    assert.equal(result.status, 'succeeded');
    assert.deepEqual(
      calls.map(({ action, params }) => [
        action.split('/').at(-1)?.replace(version, 'v'),
        params.step,
        params.wait,
        params.used,
      ]),
      [
        ['p256-60s-v', 's0', undefined, undefined],
        ['p256-60s-v', 's1', undefined, 1],
        ['wait', undefined, 1500, undefined],
        ['p256-60s-v', 's1', undefined, 6],
      ],
    );
    assert.deepEqual(calls[2]?.params, { wait: 1500 });
  });

  it('goes on after a pause that failed: it was none of the step', async () => {
    const { plan, conductor } = await compiled(linearFlow(2));
    const walk = walker(plan);
    let paused = false;
    const { result, calls } = await runSession(conductor, {}, (action, params) => {
      if (action.endsWith('/wait')) return { error: 'the container died' };
      if (params.step === 's1' && !paused) {
        paused = true;
        return { ...params, wait: 1500 };
      }
      return walk(action, params);
    });
    assert.equal(result.status, 'succeeded');
    assert.deepEqual(
      calls.map(({ params }) => [params.step, params.died]),
      [
        ['s0', undefined],
        ['s1', undefined],
        [undefined, undefined],
        ['s1', undefined],
      ],
    );
  });

  it('tells a step action once that it died, and goes on', async () => {
    const { plan, conductor } = await compiled(linearFlow(2));
    const walk = walker(plan);
    let deaths = 0;
    const { result, calls } = await runSession(conductor, { n: 1 }, (action, params) =>
      params.step === 's0' && deaths++ === 0 ? { error: 'the container went away' } : walk(action, params),
    );
    assert.equal(result.status, 'succeeded');
    const run = calls[0]?.params.run;
    assert.deepEqual(calls[1]?.params, { ...calls[0]?.params, died: 'the container went away', used: 1 });
    assert.equal(calls[2]?.params.died, undefined);
    assert.equal(result.run, run);
  });

  it('gives up on the second death in a row', async () => {
    const { conductor } = await compiled(linearFlow(2));
    const long = { error: { error: 'é'.repeat(1000) } };
    const { result, calls } = await runSession(conductor, { run: 'r' }, () => long);
    assert.equal(calls.length, 2);
    assert.ok(Buffer.byteLength(String(calls[1]?.params.died)) <= 303);
    const { error } = result as { error: Record<string, string> };
    assert.equal(error.run, 'r');
    assert.equal(error.status, 'failed');
    assert.equal(error.step, 's0');
    assert.match(String(error.message), /^s0: its action died twice: éé/);
  });

  it('has a stand-in settle the step of an action that dies twice, and the next one that of the stand-in', async () => {
    const { conductor, version } = await compiled(`
flow: TwoProfiles
steps:
  - step: a
    run: pass
  - step: b
    run: pass
    environment: { image: "example/none-such:1" }
`);
    const { result, calls } = await runSession(conductor, { run: 'r' }, () => ({ error: 'no image' }));
    const image = /^\/_\/TwoProfiles.steps\/(p256-60s-[0-9a-f]{6})-/.exec(calls[3]?.action ?? '')?.[1];
    assert.deepEqual(
      calls.map(({ action, params: { died, standIn, used } }) => [action.split('/').at(-1), died, standIn, used]),
      [
        [`p256-60s-${version}`, undefined, undefined, undefined],
        [`p256-60s-${version}`, 'no image', undefined, 1],
        [`p256-60s-${version}`, 'no image', 1, 2],
        [`${image}-${version}`, 'no image', 2, 3],
      ],
    );
    assert.match(
      (result as { error: Record<string, string> }).error.message ?? '',
      /^a: its action died twice: no image/,
    );
  });

  it('says what to do where its version is no longer there', async () => {
    const { conductor, version } = await compiled(linearFlow(2));
    const gone = { error: `Failed to resolve action with name 'guest/x' during composition.` };
    const { result } = await runSession(conductor, { run: 'r' }, () => gone);
    const { message } = (result as { error: Record<string, string> }).error;
    assert.match(
      String(message),
      new RegExp(`If version ${version} .* no longer deployed: nuvopipe resume LinearFlow/r$`),
    );
  });

  it('ends, and does not hang, where the session may invoke no more', async () => {
    const { plan, conductor } = await compiled(linearFlow(60));
    const { result, calls } = await runSession(conductor, {}, walker(plan));
    assert.equal(calls.length, 50);
    assert.match(JSON.stringify(result), /Too many actions/);
  });

  it('answers a failed run as an error', async () => {
    const { conductor } = await compiled(linearFlow(1));
    const failure = { run: 'r', status: 'failed', error: { message: 'boom', step: 's0', task: 'LinearFlow/r/s0/t' } };
    const { result } = await runSession(conductor, { run: 'r' }, () => ({ run: 'r', result: failure }));
    assert.deepEqual(result, {
      error: { run: 'r', status: 'failed', message: 'boom', step: 's0', task: 'LinearFlow/r/s0/t', error: 'boom' },
    });
  });

  it('does not hang on a block that it does not know', async () => {
    const { plan, conductor } = await compiled(linearFlow(2));
    const { calls } = await runSession(
      conductor,
      { nuvopipe: { run: 'r', block: 'other', step: 's1', at: [] } },
      walker(plan),
    );
    assert.equal(calls.length, 1);
  });

  it('carries little through the controller', async () => {
    const { plan, conductor } = await compiled(linearFlow(45, 'A'.repeat(100)));
    const { largestState } = await runSession(conductor, {}, walker(plan));
    assert.ok(largestState < ENVELOPE_MAX_BYTES, `${largestState} bytes`);
  });

  it('stays small: a thousand steps below 1 MB, whatever their forks', async () => {
    const forks = Array.from(
      { length: 500 },
      (_, i) => `  - foreach: xs\n    steps: [{ step: b${i}, run: pass }]\n    join: { step: j${i}, run: pass }\n`,
    );
    const { conductor } = await compiled(`flow: Wide\nsteps:\n${forks.join('')}`);
    assert.ok(conductor.length < 1_000_000, `${conductor.length} bytes`);
  });
});
