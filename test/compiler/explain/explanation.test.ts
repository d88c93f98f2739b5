import assert from 'node:assert/strict';
import { plainPalette } from '../../../src/base/terminal/palette.ts';
import { renderExplanation } from '../../../src/cli/views/explain-view.ts';
import { type Explanation, explainBundle } from '../../../src/compiler/explain/explanation.ts';
import type { Finding } from '../../../src/compiler/explain/findings.ts';
import { limitsOf, OPENWHISK_LIMITS } from '../../../src/compiler/explain/limits.ts';
import { BLOCK_STEPS_MAX } from '../../../src/compiler/plan-flow.ts';
import { CONTINUE_FROM } from '../../../src/contract/protocol.generated.ts';
import { Workshop } from '../flows.ts';

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

  const explained = async (flow: string): Promise<Explanation> => explainBundle(await workshop.bundle(flow));

  function finding({ limits }: Explanation, limit: Finding['limit']): Finding {
    const found = limits.find((each) => each.limit === limit);
    assert.ok(found);
    return found;
  }

  it('has its actions, blocks and forks', async () => {
    const bundle = await workshop.bundle(TITLES);
    const { actions, blocks, forks, fits } = explainBundle(bundle);
    const version = bundle.manifest.flowVersion;
    assert.equal(fits, true);
    assert.deepEqual(
      actions.map(({ name, role, memoryMB, steps }) => [name, role, memoryMB, steps]),
      [
        ['TitlesFlow', 'conductor', actions[0]?.memoryMB, undefined],
        [`TitlesFlow.steps/flow-${version}`, 'conductor', actions[0]?.memoryMB, undefined],
        [`TitlesFlow.steps/p512-120s-${version}`, 'steps', 512, 4],
        [`TitlesFlow.steps/p128-120s-${version}`, 'steps', 128, 1],
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

  it('reports that width only costs time', async () => {
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
    assert.equal(finding(long, 'time').text, 'large cannot have 10m: the limit is 5m');
    const tight = finding(await explained(flow('timeout: 5m')), 'time');
    assert.equal(tight.text, 'large can use only 285s of 5m: the limit is 5m, and the runtime needs 15s');
    assert.equal(finding(await explained(flow('timeout: 285s')), 'time').verdict, 'fits');
    const heavy = await explained(flow('memory: 2Gi'));
    assert.equal(heavy.fits, false);
    assert.equal(finding(heavy, 'memory').text, 'large cannot have 2 GB: the limit is 512 MB');
    assert.equal(finding(await explained(flow('memory: 512Mi')), 'memory').verdict, 'fits');
  });

  it('bounds the envelope, and names the steps that lie too deep', async () => {
    const shallow = finding(await explained(nested(2, 2)), 'envelope');
    assert.equal(shallow.verdict, 'fits');
    assert.ok(shallow.needs > 250 && shallow.needs < 1000, String(shallow.needs));
    const deeper = finding(await explained(nested(3, 2)), 'envelope');
    assert.ok(deeper.needs > shallow.needs);
    const name = 's'.repeat(500);
    const long = await explained(`flow: F\nsteps:\n  - { step: ${name}, run: pass }\n`);
    assert.equal(long.fits, false);
    assert.deepEqual(finding(long, 'envelope').steps, [name]);
  });

  /** Components and continuations on the longest path, and the continuations when attempts fail. */
  async function longest(flow: string): Promise<[components: number, continuations: number, text: string]> {
    const explanation = await explained(flow);
    const { needs, text } = finding(explanation, 'continuations');
    return [Number(/path \((\d+) component/.exec(text)?.[1]), needs, text];
  }
  const steps = (count: number, prefix: string) =>
    Array.from({ length: count }, (_, index) => `{ step: ${prefix}${index}, run: pass }`).join(', ');

  it('uses the longest case of a switch', async () => {
    const flow = (fallback: string) => `flow: F
steps:
  - { step: one, run: "self.x = 1" }
  - switch: x
    cases: { 1: [${steps(2, 'a')}], 2: [${steps(5, 'b')}], 3: [] }
    ${fallback}
  - { step: last, run: pass }
`;
    assert.deepEqual((await longest(flow('')))[0], 7);
    assert.deepEqual((await longest(flow(`default: [${steps(9, 'c')}]`)))[0], 11);
  });

  it('counts all turns of a loop, and says what it takes for one that has no limit', async () => {
    const flow = (max: string, kind = 'while') => `flow: F
steps:
  - { step: one, run: "self.x = 1" }
  - ${kind}: self.x
    ${max}
    steps: [{ step: two, run: "self.x = 0" }, { step: three, run: pass }]
  - { step: last, run: pass }
`;
    assert.deepEqual((await longest(flow('max: 50'))).slice(0, 2), [102, 2]);
    assert.deepEqual((await longest(flow('max: 50', 'until'))).slice(0, 2), [102, 2]);
    const [components, , text] = await longest(flow(''));
    assert.equal(components, 4);
    assert.match(text, /with 1 turn per loop without max; more may follow$/);
    const open = await explained(flow(''));
    assert.deepEqual(open.loops, [{ name: 'while two', first: 'two', componentsPerTurn: 2, turnsPerSession: 22 }]);
    assert.equal(finding(open, 'components').needs, CONTINUE_FROM);
    assert.equal((await explained(flow('max: 7'))).loops[0]?.max, 7);
  });

  it('multiplies nested loops, and continues after a loop in a fork', async () => {
    const flow = `flow: F
steps:
  - { step: one, run: "self.xs = [1]; self.x = 1" }
  - while: self.x
    max: 4
    steps:
      - { step: two, run: "self.x = 0" }
      - until: self.x
        max: 5
        steps: [{ step: three, run: "self.x = 0" }]
      - { step: four, run: pass }
  - foreach: xs
    concurrency: 3
    steps:
      - until: self.x
        max: 10
        steps: [{ step: five, run: "self.x = 0" }]
      - { step: six, run: pass }
`;
    const { forks, loops, blocks, ...rest } = await explained(flow);
    // one, 4 × (two, 5 × three, four), the opener, a step before `until`, 10 × five, six, the join, the end.
    assert.match(finding({ forks, loops, blocks, ...rest }, 'continuations').text, /path \(44 components/);
    assert.equal(forks[0]?.componentsPerItem, 12);
    assert.deepEqual(
      loops.map(({ name, componentsPerTurn }) => [name, componentsPerTurn]),
      [
        ['while two', 7],
        ['until three', 1],
        ['until five', 1],
      ],
    );
  });

  it('counts attempts and their pauses, at the worst', async () => {
    const flow = `flow: F
steps:
  - { step: one, run: pass, retry: { times: 4, backoff: 100s, factor: 3, max: 10m } }
  - { step: two, run: pass, catch: problem }
`;
    const { attempts, ...rest } = await explained(flow);
    assert.deepEqual(attempts, [
      // 5 attempts; pauses of 100 s, 300 s, 600 s and 600 s in 1 + 2 + 3 + 3 waits.
      { step: 'one', attempts: 5, pausesMs: [100_000, 300_000, 600_000, 600_000], catches: false, components: 14 },
      { step: 'two', attempts: 2, pausesMs: [], catches: true, components: 2 },
    ]);
    const { text, needs } = finding({ attempts, ...rest }, 'continuations');
    assert.equal(text, 'none on the longest path (2 components), none and 16 if only the last attempts succeed');
    assert.equal(needs, 0);
    const many = `flow: F\nsteps:\n${Array.from({ length: 10 }, (_, n) => `  - { step: s${n}, run: pass, retry: 3 }\n`).join('')}`;
    assert.deepEqual((await longest(many)).slice(0, 2), [10, 1]);
  });

  it('counts what actions, flows and the steps after a failure need', async () => {
    const flow = `flow: F
steps:
  - { step: one, action: /_/mail/send }
  - foreach: range(3)
    concurrency: 5
    steps: [{ step: two, flow: Other }]
  - { step: three, flow: Other, detach: true }
  - { step: four, flow: Other, resources: { timeout: 1s } }
onFailure:
  - { step: tell, run: pass }
  - { step: page, action: /_/mail/send }
`;
    const explanation = await explained(flow);
    assert.deepEqual(
      explanation.calls.map(({ step, kind, detached, components }) => [step, kind, detached, components]),
      [
        ['one', 'action', false, 3],
        ['two', 'flow', false, 3],
        ['three', 'flow', true, 1],
        ['four', 'flow', false, 3],
        ['page', 'action', false, 3],
      ],
    );
    assert.deepEqual(explanation.onFailure, { steps: ['tell', 'page'], components: 4 });
    const calls = finding(explanation, 'calls');
    assert.equal(calls.needs, 10);
    assert.equal(calls.text, 'up to 10 to start a run, its lanes and 5 flows (two, three, four), of 60 per minute');
    assert.match(
      finding(explanation, 'payload').text,
      /^arguments of .* can have 1,032,192 bytes, answers 520,192 bytes.*: a step that exceeds this fails$/,
    );
    assert.match(finding(explanation, 'continuations').text, /and 25 in the worst case, .* 1 check per called flow$/);
    assert.ok(!(await explained(TITLES)).limits.some(({ limit }) => limit === 'payload'));
  });

  it('shows how a foreach processes its items', async () => {
    const { forks } = await explained(`flow: F
steps:
  - foreach: [1, 2, 3]
    batch: 50
    onEmpty: skip
    onError: collect
    minSuccess: 80%
    steps: [{ step: two, run: pass }]
`);
    assert.deepEqual(
      forks.map(({ over, batch, minSuccess }) => [over, batch, minSuccess]),
      [[undefined, 50, { part: 0.8 }]],
    );
  });

  it('has no conductor if the flow is a native sequence', async () => {
    const bundle = await workshop.bundle(line(30).replace('steps:', 'target: sequence\nsteps:'));
    const explanation = explainBundle(bundle);
    assert.deepEqual(
      explanation.actions.map(({ role }) => role),
      ['sequence', 'sequence', 'steps'],
    );
    assert.equal(finding(explanation, 'components').text, '30 of 50');
    assert.deepEqual(
      ['continuations', 'code'].filter((name) => explanation.limits.some(({ limit }) => limit === name)),
      [],
    );
    const short = finding(explainBundle(bundle, limitsOf({ sequenceLength: 29 })), 'components');
    assert.deepEqual([short.verdict, short.steps], ['exceeds', ['s29']]);
    assert.equal(short.text, 'a sequence can have 29 steps; s29 exceeds this');
    assert.match(renderExplanation(explanation, plainPalette), /^ {2}LineFlow +sequence$/m);
  });

  it('is compared with the limits that a cluster publishes', async () => {
    const bundle = await workshop.bundle(`flow: F
steps:
  - { step: one, run: pass, resources: { timeout: 8m, memory: 1Gi } }
  - foreach: range(100)
    concurrency: 80
    steps: [{ step: two, run: pass }]
`);
    assert.deepEqual(limitsOf({}), OPENWHISK_LIMITS);
    const verdicts = (cluster: Parameters<typeof limitsOf>[0]) =>
      Object.fromEntries(explainBundle(bundle, limitsOf(cluster)).limits.map(({ limit, verdict }) => [limit, verdict]));
    const asItComes = verdicts({});
    assert.deepEqual(
      [asItComes.time, asItComes.memory, asItComes.lanes, asItComes.calls],
      ['exceeds', 'exceeds', 'slower', 'slower'],
    );
    const large = { maxMemoryMB: 2048, maxTimeLimitMs: 600_000, concurrentInvocations: 250, invocationsPerMinute: 999 };
    assert.deepEqual(new Set(Object.values(verdicts(large))), new Set(['fits']));
    const short = explainBundle(await workshop.bundle(line(30)), limitsOf({ sequenceLength: 20 }));
    assert.equal(
      finding(short, 'components').text,
      'a session can use 30 of 20: nuvopipe expects 50, the default of OpenWhisk',
    );
    assert.equal(short.fits, false);
  });

  it('fits on a screen, whatever the size of the flow', async () => {
    const text = renderExplanation(await explained(TITLES), plainPalette);
    assert.match(text, /^TitlesFlow has 5 steps in 4 blocks, and 5 actions\n\nActions\n/);
    assert.match(
      text,
      /^ {2}foreach titles after start {2}3 lanes {2}2 throttled calls {2}2 components per item, a new session after every 22$/m,
    );
    assert.match(text, /^ {2}✓ components a session {2}\d+ of 50$/m);
    const many = renderExplanation(await explained(line(1000)), plainPalette).split('\n');
    assert.ok(many.length < 45);
    assert.ok(many.some((row) => /^ {2}and \d+ more$/.test(row)));
    const wide = renderExplanation(await explained(nested(1, 100)), plainPalette);
    assert.match(wide, /^ {2}! lanes +up to 100 of 30 at once, after start/m);
  });
});
