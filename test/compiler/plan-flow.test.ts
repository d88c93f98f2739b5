import assert from 'node:assert/strict';
import type { Plan } from '../../src/contract/plan.ts';
import { linearFlow, Workshop } from './flows.ts';

describe('plan', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop.close());

  async function planOf(flow: string): Promise<Plan> {
    return (await workshop.bundle(flow)).plan;
  }

  function blocks({ steps }: Plan): Record<string, string[]> {
    const blocks: Record<string, string[]> = {};
    for (const [name, { block }] of Object.entries(steps)) blocks[block] = [...(blocks[block] ?? []), name];
    return blocks;
  }

  it('makes one block of a short run of steps', async () => {
    const plan = await planOf(linearFlow(3));
    assert.deepEqual(blocks(plan), { s0: ['s0', 's1', 's2'] });
    assert.deepEqual([plan.start, plan.end], ['s0', 's2']);
    assert.deepEqual(plan.steps.s2?.next, { end: true });
  });

  it('cuts a long run of steps into blocks of 40', async () => {
    const sizes = Object.values(blocks(await planOf(linearFlow(100)))).map((steps) => steps.length);
    assert.deepEqual(sizes, [40, 40, 20]);
  });

  it('cuts at a change of profile, and shares profiles', async () => {
    const plan = await planOf(`
flow: F
resources: { timeout: 2m }
steps:
  - { step: a, run: pass }
  - { step: b, run: pass, resources: { memory: 512Mi } }
  - { step: c, run: pass, resources: { memory: 512 } }
  - { step: d, run: pass, resources: { timeout: 500ms } }
  - { step: e, run: pass }
`);
    assert.deepEqual(blocks(plan), { a: ['a'], b: ['b', 'c'], d: ['d'], e: ['e'] });
    assert.deepEqual(plan.profiles, {
      'p256-120s': { memoryMB: 256, timeLimitMs: 135_000 },
      'p512-120s': { memoryMB: 512, timeLimitMs: 135_000 },
      'p256-500ms': { memoryMB: 256, timeLimitMs: 15_500 },
    });
  });

  it('opens a pool in the step before a fork, and makes the steps that Metaflow wants', async () => {
    const plan = await planOf(`
flow: F
outputs: [x]
steps:
  - { step: a, run: pass }
  - foreach: xs
    as: x
    concurrency: 3
    steps:
      - branches:
          One Two: [{ step: b, run: pass }]
          ü: [{ step: c, run: pass }, { step: d, run: pass }]
        join: { step: j, run: pass }
  - branches:
      p: [{ step: p, run: pass }]
      q: [{ step: q, run: pass }]
`);
    assert.deepEqual(plan.pools, {
      fork_one_two: {
        ...{
          kind: 'branches',
          branches: ['One Two', 'ü'],
          first: ['b', 'c'],
          last: ['b', 'd'],
          join: 'j',
          concurrency: 2,
        },
      },
      a: { kind: 'foreach', over: 'xs', first: ['fork_one_two'], last: ['j'], join: 'join_foreach_xs', concurrency: 3 },
      fork_p_q: {
        ...{
          kind: 'branches',
          branches: ['p', 'q'],
          first: ['p', 'q'],
          last: ['p', 'q'],
          join: 'join_fork_p_q',
          concurrency: 2,
        },
      },
    });
    const { steps } = plan;
    assert.deepEqual(steps.d?.within, ['a', 'fork_one_two']);
    assert.deepEqual(steps.j, {
      ...{
        block: 'j',
        profile: 'p256-60s',
        timeoutMs: 60_000,
        within: ['a'],
        joins: 'fork_one_two',
        next: { done: 'a' },
      },
    });
    assert.deepEqual(steps.join_foreach_xs?.next, { step: 'fork_p_q' });
    assert.deepEqual(steps.fork_p_q?.next, { open: 'fork_p_q' });
    assert.deepEqual([plan.start, plan.end, steps.join_fork_p_q?.next], ['a', 'end', { step: 'end' }]);
    assert.deepEqual(blocks(plan), {
      ...{ a: ['a'], fork_one_two: ['fork_one_two'], b: ['b'], c: ['c', 'd'], j: ['j'] },
      ...{
        join_foreach_xs: ['join_foreach_xs', 'fork_p_q'],
        p: ['p'],
        q: ['q'],
        join_fork_p_q: ['join_fork_p_q', 'end'],
      },
    });
  });

  it('gives synthetic steps unique names', async () => {
    const plan = await planOf(`
flow: F
parameters:
  join_foreach_stack: { type: json }
steps:
  - foreach: stack
    as: join_foreach_stack_2
    steps:
      - foreach: stack
        steps: [{ step: foreach_stack_2, run: pass }]
`);
    assert.deepEqual(Object.keys(plan.steps), [
      ...['start', 'foreach_stack_3', 'foreach_stack_2', 'join_foreach_stack_3', 'join_foreach_stack_4', 'end'],
    ]);
  });

  it('does not name synthetic steps like artifacts that code sets', async () => {
    const plan = await planOf(`
flow: F
steps:
  - foreach: range(2)
    as: item
    steps:
      - step: work
        run: |
          self.start, self . end = 0, 1
          self.join_foreach = self.end
    join: { collect: [foreach] }
`);
    assert.deepEqual(Object.keys(plan.steps), ['start_2', 'work', 'join_foreach_2', 'end_2']);
  });

  it('maps the code of a step to its source', async () => {
    const { sourceMap } = await planOf(`flow: F
steps:
  - step: literal
    run: |

      x = 1
      y = 2
  - step: plain
    run: x = 1
  - step: folded
    run: >
      x = (1 +
      2)

      y = 3
  - step: quoted
    run: "x = 1\\ny = 2"
`);
    const { line: first, ...literal } = sourceMap._run_literal ?? { line: 0 };
    assert.ok(first > 0);
    assert.deepEqual(literal, { sourceLine: 5, lines: 3 });
    const places = (name: string) => {
      const { sourceLine, lines, sourceLines } = sourceMap[name] as Plan['sourceMap'][string];
      return sourceLines ?? Array.from({ length: lines }, (_, index) => sourceLine + index);
    };
    assert.deepEqual(places('_run_plain'), [9]);
    assert.deepEqual(places('_run_folded'), [12, 15]);
    assert.deepEqual(places('_run_quoted'), [17, 17]);
  });

  it('creates a profile per set of packages and image; that of the flow keeps the plain name', async () => {
    const plan = await planOf(`
flow: F
environment: { pip: [b==2, a==1] }
steps:
  - { step: s, run: pass }
  - { step: t, run: pass, environment: { pip: [A==2] } }
  - { step: u, run: pass, environment: { image: acme/x } }
  - { step: v, run: pass, environment: { pip: [A==2], vars: { X: 1 } } }
`);
    const profileOf = (step: string) => plan.profiles[plan.steps[step]?.profile ?? ''];
    assert.deepEqual([plan.steps.s?.profile, profileOf('s')?.pip], ['p256-60s', ['a==1', 'b==2']]);
    assert.deepEqual([profileOf('t')?.pip, profileOf('t')?.image], [['A==2', 'b==2'], undefined]);
    assert.deepEqual([profileOf('u')?.pip, profileOf('u')?.image], [['a==1', 'b==2'], 'acme/x']);
    assert.equal(profileOf('v'), profileOf('t'));
    for (const step of ['t', 'u']) assert.match(plan.steps[step]?.profile ?? '', /^p256-60s-[0-9a-f]{6}$/);
    assert.deepEqual(blocks(plan), { s: ['s'], t: ['t'], u: ['u'], v: ['v'] });
  });

  it('uses a plain action as stand-in, adding one if necessary', async () => {
    const image = 'environment: { image: "example/science:1" }';
    const standIns = async (flow: string, ...steps: string[]) => {
      const listed = steps.map((more, index) => `  - step: s${index}\n    run: pass\n    ${more}\n`).join('');
      const { plan } = await workshop.bundle(`flow: F\n${flow}\nsteps:\n${listed}`);
      return [plan.standIns, Object.keys(plan.profiles).length];
    };
    assert.deepEqual(await standIns('', ''), [undefined, 1]);
    assert.deepEqual(await standIns('', 'resources: { memory: 512Mi }', 'resources: { memory: 1Gi }'), [
      ['p512-60s', 'p1024-60s'],
      2,
    ]);
    const [[first, second] = []] = (await standIns('', image, '')) as [string[], number];
    assert.equal(first, 'p256-60s');
    assert.match(String(second), /^p256-60s-/);
    assert.deepEqual(await standIns(image, '', ''), [['stand-in'], 2]);
    assert.deepEqual(await standIns('environment: { pip: [six==1.16.0] }', ''), [['stand-in'], 2]);
    assert.deepEqual(await standIns(`target: sequence\n${image}`, '', ''), [undefined, 1]);
    assert.deepEqual(await standIns('target: auto', '', ''), [undefined, 1]);
    assert.deepEqual(await standIns(`target: auto\n${image}`, '', ''), [['stand-in'], 2]);
  });

  it('lists the variables and secrets of each step; synthetic steps and actions have no secrets', async () => {
    const plan = await planOf(`
flow: F
environment: { vars: { A: 1.50, B: "b" } }
secrets: [TOKEN]
steps:
  - { step: s, run: pass, environment: { vars: { B: c } }, secrets: [OTHER, TOKEN] }
  - { step: t, action: /whisk.system/utils/echo }
  - foreach: [1, 2]
    steps: [{ step: u, run: pass }]
`);
    const { s, t, u, ...made } = plan.steps;
    assert.deepEqual([s?.vars, s?.secrets], [{ A: '1.50', B: 'c' }, ['OTHER', 'TOKEN']]);
    assert.deepEqual([t?.vars, t?.secrets], [undefined, undefined]);
    assert.deepEqual([u?.vars, u?.secrets], [{ A: '1.50', B: 'b' }, ['TOKEN']]);
    assert.ok(Object.keys(made).length > 0);
    assert.ok(Object.values(made).every(({ secrets }) => secrets === undefined));
    assert.deepEqual(Object.keys(plan.profiles), ['p256-60s']);
  });

  it('copies parameters, outputs and requirements', async () => {
    const plan = await planOf(`
flow: F
description: What it is for.
parameters:
  a: { type: integer, default: 3, help: three }
  b: { type: json, default: { x: [1, null] } }
  c: { type: string, required: true }
outputs: [y, x]
environment: { pip: ["b==2", "a==1"] }
steps: [{ step: s, run: pass }]
`);
    assert.deepEqual(plan.parameters, {
      a: { type: 'integer', default: 3, required: false, help: 'three' },
      b: { type: 'json', default: { x: [1, null] }, required: false },
      c: { type: 'string', required: true },
    });
    assert.deepEqual([plan.outputs, plan.description], [['y', 'x'], 'What it is for.']);
    assert.deepEqual(plan.profiles['p256-60s']?.pip, ['a==1', 'b==2']);
    assert.deepEqual(plan.source, { name: 'flow.yaml', file: 'flow.yaml' });
  });
});
