import assert from 'node:assert/strict';
import { Workshop } from './flows.ts';

describe('a join of a compiled flow', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop.close());

  const run = (flow: string, code: Record<string, string> = {}) => workshop.run(`flow: F\n${flow}`, code);

  it('keeps artifacts set before the fork and unchanged in it, even for its own body', async () => {
    const artifacts = await run(`
steps:
  - { step: begin, run: "self.base = 1; self.factor = 10" }
  - foreach: "[1, 2]"
    as: n
    steps: [{ step: work, run: "self.n2 = self.n * self.factor" }]
    join: { step: gather, run: "self.total = self.base + sum(i.n2 for i in inputs)" }
  - branches:
      a: [{ step: left, run: self.a = self.base }]
      b: [{ step: right, run: self.b = 2 }]
    join: { step: both, run: self.sum = inputs.left.a + inputs.right.b }
`);
    assert.deepEqual(artifacts, { a: 1, b: 2, base: 1, factor: 10, sum: 3, total: 31 });
  });

  it('keeps it with call, as an argument of the function', async () => {
    const artifacts = await run(
      `
code: [sums.py]
steps:
  - { step: begin, run: self.base = 1 }
  - foreach: "[1, 2]"
    steps: [{ step: work, run: self.n = self.input }]
    join: { step: gather, call: "sums:add" }
`,
      { 'sums.py': 'def add(inputs, base): return {"total": base + sum(i.n for i in inputs)}\n' },
    );
    assert.deepEqual(artifacts, { base: 1, total: 4 });
  });

  for (const [what, elements, message] of [
    [
      'branches',
      `
  - { step: begin, run: self.way = None }
  - branches:
      left: [{ step: go_left, run: self.way = "left" }]
      straight: [{ step: go_on, run: pass }]
      right: [{ step: go_right, run: print(self.way) }]
    join: { step: choose, run: pass }
  - { step: later, run: pass }
  - { step: read, run: print(self.way) }`,
      'the join "choose" dropped "way", because branches "left" and "straight" have different values of it; set self.way in the join',
    ],
    [
      'items',
      `
  - foreach: range(3)
    as: n
    steps: [{ step: work, run: self.half = self.n // 2 }]
    join: { step: gather, run: pass }
  - { step: read, run: print(self.half) }`,
      'the join "gather" dropped "half", because items 0 and 2 have different values of it; set self.half in the join',
    ],
    [
      'an item',
      `
  - foreach: range(1)
    as: n
    steps: [{ step: work, run: pass }]
    join: { step: gather, run: pass }
  - { step: read, run: print(self.n) }`,
      'the join "gather" dropped "n", because each item has its own value; set self.n in the join',
    ],
    [
      'a fork within a branch',
      `
  - { step: begin, run: self.x = 0 }
  - branches:
      a:
        - foreach: range(2)
          steps: [{ step: work, run: self.x = self.input }]
          join: { step: inner, run: pass }
      b: [{ step: other, run: pass }]
    join: { step: outer, run: pass }
  - { step: read, run: print(self.x) }`,
      'the join "inner" dropped "x", because items 0 and 1 have different values of it; set self.x in the join',
    ],
  ] as const) {
    it(`drops what ${what} disagree on, and reports reads of it`, async () => {
      assert.equal(await run(`steps:${elements}`), `AttributeError: ${message}`);
    });
  }

  it('explains a dropped artifact in foreach and call', async () => {
    const fork = `
  - foreach: range(2)
    steps: [{ step: work, run: self.x = self.input }]
    join: { step: gather, run: pass }`;
    const why =
      'the join "gather" dropped "x", because items 0 and 1 have different values of it; set self.x in the join';
    assert.equal(
      await run(`steps:${fork}\n  - { foreach: x, steps: [{ step: body, run: pass }] }\n`),
      `AttributeError: step foreach_x: the foreach iterates over "x", but ${why}`,
    );
    assert.equal(
      await run(`code: [m.py]\nsteps:${fork}\n  - { step: s, call: "m:f" }\n`, { 'm.py': 'def f(x): return {}\n' }),
      `TypeError: step s: m:f needs "x", but ${why}`,
    );
  });

  it('prefers what its body sets over what the inputs agree on', async () => {
    const artifacts = await run(`
steps:
  - { step: begin, run: "self.x = 1; self.y = 1" }
  - foreach: range(2)
    steps: [{ step: work, run: self.y = self.input }]
    join: { step: gather, run: "self.x += 1; self.y = max(i.y for i in inputs)" }
  - { step: after, run: pass }
`);
    assert.deepEqual(artifacts, { x: 2, y: 1 });
  });

  it('leaves merge_artifacts as it is', async () => {
    const fork = (body: string) => `
steps:
  - { step: begin, run: "self.x = 1; self.y = 1" }
  - foreach: range(2)
    steps: [{ step: work, run: "self.y = self.input; self.z = 1" }]
    join: { step: gather, run: "${body}" }
`;
    assert.deepEqual(await run(fork("self.merge_artifacts(inputs, exclude=['y'])")), { x: 1, z: 1 });
    assert.deepEqual(await run(fork("self.y = 5; self.merge_artifacts(inputs, include=['y', 'x'])")), {
      x: 1,
      y: 5,
      z: 1,
    });
    assert.deepEqual(await run(fork('self.merge_artifacts(list(inputs)[1:])')), { x: 1, y: 1, z: 1 });
    assert.match((await run(fork('self.merge_artifacts(inputs)'))) as string, /UnhandledInMergeArtifacts/);
  });

  it('names items by their index in the list if some failed', async () => {
    const said = await run(`
steps:
  - { step: begin, run: 'import __main__; __main__._failures = lambda: [{"item": 1}]' }
  - foreach: range(2)
    onError: collect
    steps: [{ step: work, run: self.x = self.input }]
    join: { step: gather, run: pass }
  - { step: read, run: print(self.x) }
`);
    assert.match(said as string, /because items 0 and 2 have different values/);
  });

  it('fails if it is implicit and the inputs conflict, except in caught failures', async () => {
    const fork = (body: string) => `
steps:
  - { step: begin, run: self.base = 1 }
  - foreach: range(2)
    as: n
    steps: [{ step: work, run: "${body}", catch: problem }]
  - { step: done, run: self.ok = self.base }
`;
    assert.deepEqual(await run(fork('print(1 / self.n, file=__import__(\\"sys\\").stderr)')), { base: 1, ok: 1 });
    assert.match(
      (await run(fork('self.x = self.n'))) as string,
      /^ValueError: step join_foreach: the inputs have different values of "x", so/,
    );
  });

  for (const [what, before, inBranch] of [
    ['sets', 'set([0, 8])', 'self.value = set([8, 0])'],
    ['frozensets in tuples', '{1: (frozenset([0, 8]), 1)}', 'self.value = {1: (frozenset([8, 0]), 1)}'],
    ['sets in a list', '[set([0, 8])]', 'self.value = [set([8, 0])]'],
  ] as const) {
    it(`keeps equal ${what} that pickle in a different order`, async () => {
      const artifacts = await run(`
steps:
  - { step: begin, run: "self.value = ${before}" }
  - branches:
      a: [{ step: left, run: pass }]
      b: [{ step: right, run: "${inBranch}" }]
  - { step: read, run: "self.same = self.value == ${before}; self.value = None" }
`);
      assert.deepEqual(artifacts, { same: true, value: null });
    });
  }

  for (const [one, other] of [
    ['{1, 2}', '{1, 3}'],
    ['[1, True]', '[True, 1]'],
    ['{1: 2, 3: 4}', '{3: 4, 1: 2}'],
    ['[{1, 2}, 1]', '[{1, 2}, 2]'],
    ['"ab"', '"ba"'],
  ] as const) {
    it(`distinguishes ${one} from ${other}`, async () => {
      const said = await run(`
steps:
  - branches:
      a: [{ step: left, run: 'self.value = ${one}' }]
      b: [{ step: right, run: 'self.value = ${other}' }]
`);
      assert.match(said as string, /different values of "value"/);
    });
  }

  for (const [what, value, loads] of [
    ['nothing where the inputs agree', '{1, 2}', 0],
    ['nothing where their types tell that they differ by their hashes', 'self.input', 0],
    ['nothing that is much longer in one of them', '[0] * self.input', 0],
    ['nothing large', '[self.input] + [0] * 200_000', 0],
    ['two of many that differ', '[self.input]', 2],
    ['one of each hash where all are the same', 'set(sorted({0, 8, 16}, key=lambda n: n * self.input % 17))', 2],
  ] as const) {
    it(`loads ${what} to compare them`, async () => {
      const artifacts = await run(`
steps:
  - foreach: range(1, 10)
    steps: [{ step: work, run: 'self.value = ${value}' }]
    join: { step: gather, run: 'self.loads = type(inputs[0]._datastore).loads.count("value")' }
  - { step: read, run: self.value = None }
`);
      assert.deepEqual(artifacts, { loads, value: null });
    });
  }
});
