import assert from 'node:assert/strict';
import { Workshop } from '../../compiler/flows.ts';

/** Flows that read nothing but what some path has set: there is nothing to say about them. What is wrong is in `fixtures/invalid`. */
const SOUND: Record<string, string> = {
  'a parameter, a step, what a step sets': `
parameters: { limit: { type: integer, default: 3 } }
steps:
  - { step: a, run: "self.x = self.limit" }
  - { step: b, run: "self.y = self.x + self.limit; print(self.y, self.a, self.name)" }`,
  'what is set in one of the branches, and merged': `
steps:
  - branches:
      a: [{ step: left, run: self.x = 1 }]
      b: [{ step: right, run: self.y = 2 }]
  - { step: sum, run: self.z = self.x + self.y }`,
  'what every case of a switch sets': `
steps:
  - { step: a, run: "self.kind = 'x'" }
  - switch: kind
    cases: { x: [{ step: one, run: self.way = 1 }], y: [{ step: two, run: self.way = 2 }] }
  - { step: b, run: print(self.way) }`,
  'what one case of a switch sets, where it was set before or is asked for first': `
steps:
  - { step: a, run: "self.kind = 'x'; self.way = 0" }
  - switch: kind
    cases: { x: [{ step: one, run: self.way = self.other = 1 }] }
    default: []
  - { step: b, run: "print(self.way, self.other if self.kind == 'x' else None)" }`,
  'what one case of a switch sets, in the same case of another': `
steps:
  - { step: a, run: "self.kind = 'x'" }
  - switch: kind
    cases: { x: [{ step: one, run: self.way = 1 }] }
    default: []
  - switch: kind
    cases: { x: [{ step: two, run: print(self.way) }] }
    default: []`,
  'what two switches set, each in one case': `
steps:
  - { step: a, run: "self.big = True" }
  - switch: self.big
    cases: { true: [{ step: one, run: self.way = 1 }], false: [] }
  - switch: not self.big
    cases: { true: [{ step: two, run: self.way = 2 }], false: [] }
  - { step: b, run: print(self.way) }`,
  'what items and branches agree on, after a join with a body': `
steps:
  - { step: a, run: "self.base = 1; self.rows = [1, 2]" }
  - foreach: rows
    as: row
    steps: [{ step: work, run: "self.done = True; self.sum = self.row + self.base" }]
    join: { step: gather, run: "self.total = self.base + sum(i.sum for i in inputs)" }
  - branches:
      a: [{ step: left, run: "self.x = len(self.rows); self.flag = False" }]
      b: [{ step: right, run: "self.y = 2; self.flag = False" }]
    join: { step: both, run: print(self.x + self.y) }
  - { step: b, run: "print(self.base, self.rows, self.done, self.total, self.x, self.y, self.flag)" }`,
  'what an earlier turn of a loop has set': `
steps:
  - { step: a, run: self.turn = 0 }
  - while: self.turn < 3 or self.again
    steps:
      - { step: look, run: "print(self.previous if self.turn else None)" }
      - { step: work, run: "self.turn += 1; self.previous = self.turn; self.again = False" }
  - until: self.found
    steps: [{ step: search, run: self.found = True }]`,
  'an item that has no name of its own': `
steps:
  - foreach: [1, 2]
    steps: [{ step: a, action: /_/a, with: { item: "\${input}", at: "\${index}" } }]`,
  'an item, and what is around it': `
steps:
  - { step: a, run: "self.rows = [[1], [2]]; self.base = 1" }
  - foreach: rows
    as: row
    steps:
      - { step: look, run: "self.size = len(self.row) + self.base + self.index + len(self.input)" }
      - foreach: self.row
        as: cell
        steps: [{ step: each, run: "print(self.cell, self.row, self.size)" }]
        join: { step: cells, run: "self.total = sum(item.cell for item in inputs); self.row = inputs[0].row" }
    join: { step: rows_done, run: "self.totals = [item.total for item in inputs]" }
  - { step: b, run: print(self.totals) }`,
  'what a join collects, and the items that failed': `
steps:
  - foreach: [1, 2]
    as: item
    onError: collect
    steps: [{ step: work, run: self.loud = self.item }]
    join: { step: gather, collect: [loud], run: "print(self.loud, self.failures)" }
  - foreach: range(3)
    steps: [{ step: more, run: self.found = self.input }]
    join: { collect: [found] }
  - { step: b, run: print(self.found) }`,
  'what a join merges': `
steps:
  - { step: a, run: "self.base = 1; self.kept = 2" }
  - branches:
      a: [{ step: left, run: self.x = 1 }]
      b: [{ step: right, run: self.y = 2 }]
    join:
      step: merge
      run: |
        self.x = inputs.left.x
        self.merge_artifacts(inputs, include=["base", "y"])
  - { step: b, run: "print(self.base, self.y, self.x)" }
  - branches:
      a: [{ step: left2, run: pass }]
      b: [{ step: right2, run: pass }]
    join: { step: merge2, run: self.merge_artifacts(inputs) }
  - { step: c, run: print(self.base) }
  - branches:
      a: [{ step: left3, run: self.found = 1 }]
      b: [{ step: right3, run: pass }]
    join: { step: merge3, run: 'self.merge_artifacts(inputs, include=["base"]); self.base += inputs.left3.found' }
  - branches:
      a: [{ step: left4, run: pass }]
      b: [{ step: right4, run: pass }]
    join: { step: merge4, run: "self.merge_artifacts(inputs); self.base += 1" }`,
  'what was there before a foreach that may be skipped': `
steps:
  - { step: a, run: "self.xs = []; self.base = 1" }
  - foreach: xs
    onEmpty: skip
    steps: [{ step: work, run: pass }]
    join: { step: done, run: self.sum = 1 }
  - { step: b, run: print(self.base) }`,
  'what is asked for first': `
steps:
  - step: a
    run: |
      if hasattr(self, "x"):
          print(self.x)
      print(getattr(self, "y", None))
      try:
          self.z
      except AttributeError:
          pass
      import contextlib
      with contextlib.suppress(AttributeError):
          del self.w.x`,
  'what cannot be told': `
steps:
  - { step: a, run: "for name in 'ab': setattr(self, name, 1)" }
  - { step: b, run: print(self.a) }`,
  'names that come from anywhere': `
steps:
  - { step: a, run: "globals()['x'] = 1; print(x)" }`,
  'what somebody else may set on self': `
steps:
  - { step: a, run: "import os; os.fspath(self)" }
  - { step: b, run: print(self.anything) }`,
  'the dictionary of self': `
steps:
  - { step: a, run: "self.__dict__.update(x=1)" }
  - { step: b, run: print(self.x) }`,
  'what a failure, an action and a flow leave': `
steps:
  - { step: a, action: /_/a, result: answer, catch: problem }
  - { step: b, action: /_/b, with: { answer: "\${answer}", problem: "\${problem}" } }
  - { step: c, flow: Other }
  - { step: d, run: print(self.whatever_it_returns) }`,
  'what happened, after a failure': `
steps: [{ step: a, run: pass }]
onFailure:
  - { step: tell, run: "self.text = self.failure['message']" }
  - { step: send, action: /_/send, with: { text: "\${text}" } }`,
  'self of a class, names of functions and comprehensions': `
steps:
  - step: a
    run: |
      class Box:
          def __init__(self, size):
              self.size = size
              self.other = self.unknown
      def double(x, *rest, key=None, **more):
          return [y for y in (x, *rest) if y] + [key, more]
      make = lambda size: Box(size)
      self.size = make(3).size
      for index, (one, two) in enumerate([(1, 2)]):
          double(index, one, two)
      with open(__file__) as file:
          text = file.read()
      try:
          raise ValueError(text)
      except ValueError as error:
          print(error)
      match text:
          case [first, *others]: print(first, others)
          case {"a": a, **left}: print(a, left)
      if (walrus := len(text)) > 1:
          print(walrus)
      self.later = lambda: self.after
      self.after = 1`,
};

describe('flows whose artifacts are set before they are read', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop.close());

  for (const [what, flow] of Object.entries(SOUND)) {
    it(what, async () => {
      const { diagnostics } = await workshop.compile(`flow: F${flow}\n`);
      assert.deepEqual(
        diagnostics.map(({ code, message, range }) => `${range.start.line}: ${code}: ${message}`),
        [],
      );
    });
  }

  it('does not warn about a step whose code cannot be parsed', async () => {
    const { diagnostics } = await workshop.compile(`
flow: F
steps:
  - { step: a, rum: self.x = 1 }
  - { step: b, run: print(self.x) }
`);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['unknown-key'],
    );
  });

  it('follows the arguments and results of a function', async () => {
    await workshop.write({
      'm.py': `
def make(count, size=2):
    if count:
        return {"rows": [1]}
    return dict(rows=[], empty=True)


def use(rows, empty, *args, wanted=1, **more):
    result = {"anything": 1}
    return result


def joined(inputs, count):
    return {}
`,
    });
    const { diagnostics } = await workshop.compile(`
flow: F
code: [m.py]
parameters: { count: { type: integer, default: 1 } }
steps:
  - { step: a, call: "m:make" }
  - foreach: rows
    steps: [{ step: b, call: "m:use" }]
    join: { step: c, call: "m:joined" }
`);
    assert.deepEqual(diagnostics, []);
  });
});
