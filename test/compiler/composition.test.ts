import assert from 'node:assert/strict';
import type { Envelope } from '../../src/contract/envelope.ts';
import type { Plan } from '../../src/contract/plan.ts';
import { ENVELOPE_MAX_BYTES } from '../../src/contract/protocol.generated.ts';
import type { Actions } from './conductor.ts';
import { runSession } from './conductor.ts';
import { linearFlow, Workshop } from './flows.ts';

/** Answers as the runtime would if every fork had one item. */
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

/** How a session handles envelopes, errors and pauses is in the traces of `conductor-traces.test.ts`. */
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

  it('starts a run with the given parameters, invokes its steps and answers the result', async () => {
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

  it('invokes the steps of forks, joins and profiles in order', async () => {
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

  it('ends the session at its 50th component', async () => {
    const { plan, conductor } = await compiled(linearFlow(60));
    const { result, calls } = await runSession(conductor, {}, walker(plan));
    assert.equal(calls.length, 50);
    assert.match(JSON.stringify(result), /Too many actions/);
  });

  it('keeps the state of a session small', async () => {
    const { plan, conductor } = await compiled(linearFlow(45, 'A'.repeat(100)));
    const { largestState } = await runSession(conductor, {}, walker(plan));
    assert.ok(largestState < ENVELOPE_MAX_BYTES, `${largestState} bytes`);
  });

  it('stays under 1 MB for a thousand steps with forks', async () => {
    const forks = Array.from(
      { length: 500 },
      (_, i) => `  - foreach: xs\n    steps: [{ step: b${i}, run: pass }]\n    join: { step: j${i}, run: pass }\n`,
    );
    const { conductor } = await compiled(`flow: Wide\nsteps:\n${forks.join('')}`);
    assert.ok(conductor.length < 1_000_000, `${conductor.length} bytes`);
  });
});
