import assert from 'node:assert/strict';
import { helpers } from '../../src/compiler/flow-helpers.generated.ts';
import { fileText, linearFlow, Workshop } from './flows.ts';

describe('flow.py', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop.close());

  const run = (flow: string, code: Record<string, string> = {}) => workshop.run(flow, code);

  it('reads as a Metaflow program does', async () => {
    const bundle = await workshop.bundle(`
flow: Readable
description: Says "hello".
parameters:
  who: { type: string, default: wörld, help: who it is }
  xs: { type: json, default: [1, 2] }
resources: { memory: 512, timeout: 1500ms }
steps:
  - step: hello
    run: |
      # greets
      self.text = """
      to
      """ + self.who
      return
  - foreach: xs
    as: x
    steps:
      - step: twice
        run: self.y = self.x * 2
    join:
      step: collect
      run: self.ys = [i.y for i in inputs]
`);
    assert.equal(
      fileText(bundle, 'flow.py'),
      `# Made by nuvopipe from flow.yaml. It runs by itself: python flow.py run

from collections.abc import Sequence
from itertools import islice

import metaflow
from metaflow.flowspec import INTERNAL_ARTIFACTS_SET

_HIDDEN = {*INTERNAL_ARTIFACTS_SET}


${helpers.why_missing.code.trimEnd()}


${helpers.items.code.trimEnd()}


${helpers.keep.code.trimEnd()}


def _run_hello(self):
    # greets
    self.text = """
to
""" + self.who
    return


def _run_twice(self):
    self.y = self.x * 2


def _run_collect(self, inputs):
    self.ys = [i.y for i in inputs]


class Readable(metaflow.FlowSpec):
    "Says \\"hello\\"."

    who = metaflow.Parameter("who", type=str, default="wörld", help="who it is")
    xs = metaflow.Parameter("xs", type=metaflow.JSONType, default="[1,2]")

    @metaflow.resources(memory=512)
    @metaflow.timeout(seconds=2)
    @metaflow.step(start=True)
    def hello(self):
        _run_hello(self)
        _check_items(self, "hello", "xs")
        self.next(self.twice, foreach="xs")

    @metaflow.resources(memory=512)
    @metaflow.timeout(seconds=2)
    @metaflow.step
    def twice(self):
        self.x = self.input
        _run_twice(self)
        self.next(self.collect)

    @metaflow.resources(memory=512)
    @metaflow.timeout(seconds=2)
    @metaflow.step
    def collect(self, inputs):
        _keep(self, inputs, "collect", dropped=["x"])
        _run_collect(self, inputs)
        self.next(self.end)

    @metaflow.resources(memory=512)
    @metaflow.timeout(seconds=2)
    @metaflow.step
    def end(self):
        pass

${indented(helpers.items.methods)}

${indented(helpers.joining.methods)}


if __name__ == "__main__":
    Readable()
`,
    );
  });

  it('runs nested forks with explicit and implicit joins', async () => {
    const artifacts = await run(`
flow: Nested
parameters:
  xs: { type: json, default: [1, 2] }
steps:
  - foreach: xs
    as: x
    steps:
      - branches:
          a: [{ step: make_a, run: self.a = self.x }]
          b: [{ step: make_b, run: self.b = self.x * 10 }]
      - step: add
        run: self.both = self.a + self.b; self.ys = [self.both]
      - foreach: ys
        as: y
        steps: [{ step: inner, run: self.z = self.y + 1 }]
    join: { step: collect, run: "self.zs = [i.z for i in inputs]" }
`);
    assert.deepEqual(artifacts, { zs: [12, 23] });
  });

  it('calls functions with artifacts and parameters by name, and turns their results into artifacts', async () => {
    const artifacts = await run(
      `
flow: Calls
code: [calls.py]
parameters: { alpha: { type: number, default: 0.5 }, xs: { type: json, default: [3, 4] } }
steps:
  - { step: first, call: "calls:first" }
  - foreach: xs
    as: x
    steps: [{ step: each, call: "calls:each" }]
    join: { step: joined, call: "calls:joined" }
`,
      {
        'calls.py': `
def first(alpha, /, xs, missing=7, *rest, step=None, **others):
    assert (rest, others, step) == ((), {}, None)
    return {"made": [alpha, xs, missing]}


def each(x, made, input):
    assert x == input
    return {"y": [x, made]}


def joined(inputs, alpha):
    return {"ys": [i.y for i in inputs], "größe": alpha}
`,
      },
    );
    const made = [0.5, [3, 4], 7];
    assert.deepEqual(artifacts, {
      größe: 0.5,
      made,
      ys: [
        [3, made],
        [4, made],
      ],
    });
  });

  for (const [what, body, message] of [
    [
      'an argument that there is not',
      'def f(beta): return {}',
      'step s: m:f needs "beta", but there is no such artifact or parameter',
    ],
    [
      'an argument named like a step',
      'def f(s): return {}',
      'step s: m:f needs "s", but there is no such artifact or parameter',
    ],
    [
      'an argument named like a method',
      'def f(next): return {}',
      'step s: m:f needs "next", but there is no such artifact or parameter',
    ],
    [
      'a function that returns nothing',
      'def f(): return print()',
      'step s: m:f returned None; it must return a dict, whose items become artifacts',
    ],
    [
      'a function that returns a list',
      'def f(): return [1]',
      'step s: m:f returned a list; it must return a dict, whose items become artifacts',
    ],
    [
      'a key that is no name',
      'def f(): return {"a b": 1}',
      "step s: m:f returned 'a b', which cannot be the name of an artifact",
    ],
    [
      'a key that is a step',
      'def f(): return {"s": 1}',
      "step s: m:f returned 's', which cannot be the name of an artifact",
    ],
    [
      'a key that is no text',
      'def f(): return {1: 1}',
      'step s: m:f returned 1, which cannot be the name of an artifact',
    ],
  ] as const) {
    it(`reports what is wrong with ${what}`, async () => {
      const said = await run('flow: F\ncode: [m.py]\nsteps: [{ step: s, call: "m:f" }]\n', { 'm.py': `${body}\n` });
      assert.equal(said, `TypeError: ${message}`);
    });
  }

  for (const [value, message] of [
    ['None', 'TypeError: step open: the foreach iterates over "xs", which must be a list but is None'],
    ['3', 'TypeError: step open: the foreach iterates over "xs", which must be a list but is of type int'],
    ['"text"', 'TypeError: step open: the foreach iterates over "xs", which must be a list but is of type str'],
    ['{"a": 1}', 'TypeError: step open: the foreach iterates over "xs", which must be a list but is of type dict'],
    ['{1, 2}', 'TypeError: step open: the foreach iterates over "xs", which must be a list but is of type set'],
    ['[]', 'ValueError: step open: the foreach iterates over "xs", which is an empty list; it needs at least one item'],
  ] as const) {
    it(`does not go over ${value}`, async () => {
      const said = await run(
        `flow: F\nsteps:\n  - { step: open, run: 'self.xs = ${value}' }\n  - { foreach: xs, steps: [{ step: body, run: pass }] }\n`,
      );
      assert.equal(said, message);
    });
  }

  it('reports a foreach over a missing artifact', async () => {
    const said = await run('flow: F\nsteps: [{ foreach: xs, steps: [{ step: body, run: pass }] }]\n');
    assert.equal(said, 'AttributeError: step start: the foreach iterates over "xs", but there is no such artifact');
  });

  it('iterates over a Series by position', async () => {
    const artifacts = await run(
      `
flow: F
code: [series.py]
steps:
  - { step: open, run: "import series; self.xs = series.Series({7: 'a', 1: 'b', 0: 'c'})" }
  - foreach: xs
    steps: [{ step: body, run: self.x = self.input }]
    join: { step: gather, run: "self.seen = [i.x for i in inputs]; self.kind = type(self.xs).__name__; self.xs = None" }
`,
      {
        'series.py': `
class Series:
    ndim = 1

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, label):
        return self.values[label]

    def __iter__(self):
        return iter(self.values.values())

    def to_numpy(self):
        raise NotImplementedError
`,
      },
    );
    assert.deepEqual(artifacts, { kind: 'Series', seen: ['a', 'b', 'c'], xs: null });
  });

  for (const [what, attributes, taken] of [
    ['a series without dimensions', 'def to_list(self): return self', true],
    ['an array of two dimensions', 'ndim = 2', true],
    ['a table', 'ndim = 2; columns = ()', false],
    ['an array of no dimension', 'ndim = 0', false],
    ['what can only be counted', 'pass', false],
  ] as const) {
    it(`${taken ? 'iterates' : 'does not iterate'} over ${what}`, async () => {
      const artifacts = await run(
        `
flow: F
code: [kinds.py]
steps:
  - { step: open, run: "import kinds; self.xs = kinds.Kind()" }
  - foreach: xs
    steps: [{ step: body, run: self.x = self.input }]
    join: { step: gather, run: "self.seen = [i.x for i in inputs]; self.xs = None" }
`,
        {
          'kinds.py': `
class Kind:
    ${attributes}

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return [index]
`,
        },
      );
      if (taken) assert.deepEqual(artifacts, { seen: [[0], [1]], xs: null });
      else assert.match(artifacts as string, /^TypeError: step open: .* which must be a list but is of type Kind$/);
    });
  }

  it('iterates over a tuple and a range', async () => {
    for (const items of ['(1, 2)', 'range(1, 3)']) {
      const artifacts = await run(`
flow: F
steps:
  - { step: open, run: "self.xs = ${items}" }
  - foreach: xs
    steps: [{ step: body, run: self.x = self.input }]
    join: { step: sum_up, run: "self.total = sum(i.x for i in inputs); self.xs = None" }
`);
      assert.deepEqual(artifacts, { total: 3, xs: null }, items);
    }
  });

  it('names the artifacts that an implicit join cannot merge', async () => {
    const said = await run(`
flow: F
steps:
  - branches:
      a: [{ step: a, run: self.x = 1; self.y = 1; self.z = 1 }]
      b: [{ step: b, run: self.x = 2; self.y = 2; self.z = 1 }]
`);
    assert.equal(
      said,
      'ValueError: step join_fork_a_b: the inputs have different values of "x", "y", so they cannot be merged; write a join that sets them',
    );
  });

  it('prevents user modules from hiding its own', async () => {
    const artifacts = await run('flow: F\ncode: [step.py, inspect_it.py]\nsteps: [{ step: s, call: "step:f" }]\n', {
      'step.py': 'def f(): return {"x": 1}\n',
      'inspect_it.py': '',
    });
    assert.deepEqual(artifacts, { x: 1 });
  });

  it('lets Metaflow walk a flow of more steps than Python recurses', async () => {
    const short = fileText(await workshop.bundle(linearFlow(400)), 'flow.py');
    const long = fileText(await workshop.bundle(linearFlow(401)), 'flow.py');
    assert.doesNotMatch(short, /setrecursionlimit/);
    assert.match(long, /\nsys\.setrecursionlimit\(2604\)\n/);
  });
});

function indented(lines: readonly string[]): string {
  return lines.map((line) => line && `    ${line}`).join('\n');
}
