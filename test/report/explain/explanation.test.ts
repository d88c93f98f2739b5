import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BLOCK_STEPS_MAX } from '../../../src/compile/plan.ts';
import { type Explanation, explain, type Finding } from '../../../src/report/explain/explanation.ts';
import { COMPONENTS_MAX, CONTINUE_FROM, OUTPUTS_MAX_BYTES, RUN_NAME_MAX } from '../../../src/report/explain/limits.ts';
import { renderExplanation } from '../../../src/report/explain/render.ts';
import { plainPalette } from '../../../src/terminal/palette.ts';
import { Workshop } from '../../compile/flows.ts';

const runtime = join(import.meta.dirname, '../../../runtime/nuvopipe_runtime');

const TITLES = `flow: TitlesFlow
resources: { memory: 512, timeout: 2m }
steps:
  - { step: start, run: "self.titles = [1]" }
  - foreach: titles
    concurrency: 3
    steps: [{ step: shout, run: pass, resources: { memory: 128 } }, { step: echo, run: pass }]
    join: { step: collect, run: pass }
`;

const line = (count: number) =>
  [
    'flow: LineFlow',
    'steps:',
    ...Array.from({ length: count }, (_, index) => `  - { step: s${index}, run: pass }`),
  ].join('\n');

/** A foreach in a foreach, and so on. */
function nested(depth: number, concurrency: number): string {
  const lines = ['flow: DeepFlow', 'parameters: { xs: { type: json, default: [1] } }', 'steps:'];
  for (let level = 0; level < depth; level += 1) {
    const indent = '    '.repeat(level);
    lines.push(`${indent}  - foreach: xs`, `${indent}    concurrency: ${concurrency}`, `${indent}    steps:`);
  }
  lines.push(`${'    '.repeat(depth)}  - { step: inner, run: pass }`);
  return lines.join('\n');
}

describe('what a flow needs of OpenWhisk', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop.close());

  const explained = async (flow: string): Promise<Explanation> => explain(await workshop.bundle(flow));

  function finding({ limits }: Explanation, limit: Finding['limit']): Finding {
    const found = limits.find((each) => each.limit === limit);
    assert.ok(found);
    return found;
  }

  it('is reckoned with the limits that the runtime keeps', async () => {
    const session = await readFile(join(runtime, 'session.py'), 'utf8');
    assert.match(session, new RegExp(`^CONTINUE_FROM = ${CONTINUE_FROM}$`, 'm'));
    assert.match(session, new RegExp(`^SESSION_COMPONENTS_MAX = ${COMPONENTS_MAX}$`, 'm'));
    assert.match(session, new RegExp(`^OUTPUTS_MAX_BYTES = ${OUTPUTS_MAX_BYTES >> 10} << 10$`, 'm'));
    const parameters = await readFile(join(runtime, 'parameters.py'), 'utf8');
    assert.match(parameters, new RegExp(`up to ${RUN_NAME_MAX} letters`));
  });

  it('has its actions, blocks and forks', async () => {
    const { actions, blocks, forks, fits } = await explained(TITLES);
    assert.equal(fits, true);
    assert.deepEqual(
      actions.map(({ name, role, memoryMB, steps }) => [name, role, memoryMB, steps]),
      [
        ['TitlesFlow', 'conductor', actions[0]?.memoryMB, undefined],
        ['TitlesFlow.steps/p512-120s', 'steps', 512, 4],
        ['TitlesFlow.steps/p128-120s', 'steps', 128, 1],
        ['TitlesFlow.steps/wait', 'wait', 128, undefined],
      ],
    );
    assert.deepEqual(
      blocks.map(({ name, steps }) => [name, steps]),
      [
        ['start', ['start']],
        ['shout', ['shout']],
        ['echo', ['echo']],
        ['collect', ['collect', 'end']],
      ],
    );
    assert.deepEqual(forks, [
      {
        after: 'start',
        kind: 'foreach',
        over: 'titles',
        join: 'collect',
        lanes: 3,
        calls: 2,
        componentsPerItem: 2,
        itemsPerSession: 22,
      },
    ]);
  });

  it('counts sessions on the longest path', async () => {
    const of = async (flow: string) => {
      const explanation = await explained(flow);
      return [finding(explanation, 'components').needs, finding(explanation, 'continuations').needs];
    };
    assert.deepEqual(await of(line(10)), [10, 0]);
    assert.deepEqual(await of(line(44)), [44, 0]);
    assert.deepEqual(await of(line(45)), [44, 1]);
    assert.deepEqual(await of(line(300)), [44, 6]);
    assert.ok((await explained(line(300))).blocks.length >= 300 / BLOCK_STEPS_MAX);
    const branches = (concurrency: string) => `flow: F
steps:
  - { step: one, run: pass }
  - branches:
      a: [{ step: two, run: pass }, { step: three, run: pass }]
      b: [{ step: four, run: pass }]
      c: [{ step: five, run: pass }]
${concurrency}
    join: { step: six, run: pass }
  - { step: seven, run: pass }
`;
    assert.deepEqual(await of(branches('')), [5, 0]);
    assert.deepEqual(await of(branches('    concurrency: 2')), [7, 0]);
  });

  it('says that width only costs time', async () => {
    const wide = await explained(nested(1, 100));
    assert.deepEqual(
      [finding(wide, 'lanes').verdict, finding(wide, 'lanes').needs, finding(wide, 'lanes').steps],
      ['slower', 100, ['start']],
    );
    assert.equal(finding(wide, 'calls').verdict, 'slower');
    assert.equal(wide.fits, true);
    assert.equal(finding(await explained(nested(3, 4)), 'lanes').needs, 64);
    assert.equal(finding(await explained(nested(1, 30)), 'lanes').verdict, 'fits');
  });

  it('names the step that cannot have its time or its memory', async () => {
    const flow = (resources: string) => `flow: F
steps:
  - { step: small, run: pass }
  - { step: large, run: pass, resources: { ${resources} } }
`;
    const long = await explained(flow('timeout: 10m'));
    assert.equal(long.fits, false);
    assert.deepEqual(finding(long, 'time').steps, ['large']);
    assert.equal(finding(long, 'time').text, 'large cannot have 10m: an action has 5m');
    const tight = finding(await explained(flow('timeout: 5m')), 'time');
    assert.equal(tight.text, 'large can count on 285s of 5m: an action has 5m, and the runtime needs 15s');
    assert.equal(finding(await explained(flow('timeout: 285s')), 'time').verdict, 'fits');
    const heavy = await explained(flow('memory: 2Gi'));
    assert.equal(heavy.fits, false);
    assert.equal(finding(heavy, 'memory').text, 'large cannot have 2 GB: an action has 512 MB');
    assert.equal(finding(await explained(flow('memory: 512Mi')), 'memory').verdict, 'fits');
  });

  it('bounds the envelope, and names the steps that lie too deep', async () => {
    const shallow = finding(await explained(nested(2, 2)), 'envelope');
    assert.equal(shallow.verdict, 'fits');
    assert.ok(shallow.needs > 250 && shallow.needs < 500);
    const deeper = finding(await explained(nested(3, 2)), 'envelope');
    assert.ok(deeper.needs > shallow.needs);
    const name = 's'.repeat(500);
    const long = await explained(`flow: F\nsteps:\n  - { step: ${name}, run: pass }\n`);
    assert.equal(long.fits, false);
    assert.deepEqual(finding(long, 'envelope').steps, [name]);
  });

  it('is told on a screen, whatever the size of the flow', async () => {
    const text = renderExplanation(await explained(TITLES), plainPalette);
    assert.match(text, /^TitlesFlow has 5 steps in 4 blocks, and 4 actions\n\nActions\n/);
    assert.match(
      text,
      /^ {2}foreach titles after start {2}3 lanes {2}2 throttled calls {2}2 components an item, a fresh session every 22$/m,
    );
    assert.match(text, /^ {2}✓ components a session {2}\d+, of 50$/m);
    const many = renderExplanation(await explained(line(1000)), plainPalette).split('\n');
    assert.ok(many.length < 45);
    assert.ok(many.some((row) => /^ {2}and \d+ more$/.test(row)));
    const wide = renderExplanation(await explained(nested(1, 100)), plainPalette);
    assert.match(wide, /^ {2}! lanes +up to 100 at once after start, of 30/m);
  });
});
