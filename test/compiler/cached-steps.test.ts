import assert from 'node:assert/strict';
import type { PlannedCache } from '../../src/contract/plan.ts';
import { Workshop } from './flows.ts';

const FLOW = `
flow: F
code: [shop.py]
outputs: [total]
parameters: { share: { type: number, default: 1 } }
steps:
  - step: load
    run: self.rows = [1, 2]
  - step: train
    cache: true
    run: |
      self.model = sum(self.rows)
      self.kind = "big"
  - switch: kind
    cases: { big: [{ step: boast, run: pass }], small: [{ step: blush, run: pass }] }
  - foreach: rows
    as: row
    steps: [{ step: price, call: "shop:price", cache: true }]
    join: { collect: [cost], cache: true }
  - step: finish
    cache: true
    run: self.total = self.cost
`;

describe('the key of a cached step', () => {
  let workshop: Workshop;
  let original: Record<string, PlannedCache | undefined>;

  /** Of the steps with a cache. */
  async function cachesOf(flow: string, shop = 'def price(row): return {"cost": row}\n') {
    await workshop.write({ 'shop.py': shop });
    const { steps } = (await workshop.bundle(flow)).plan;
    return Object.fromEntries(Object.entries(steps).flatMap(([name, { cache }]) => (cache ? [[name, cache]] : [])));
  }

  /** Which steps have another code or environment than {@link FLOW}'s. */
  async function changed(flow: string, shop?: string): Promise<Record<string, string[]>> {
    const after = await cachesOf(flow, shop);
    const differs = (part: keyof PlannedCache) =>
      Object.keys(original).filter((step) => original[step]?.[part] !== after[step]?.[part]);
    return { code: differs('code'), environment: differs('environment') };
  }

  const edit = (old: string, now: string) => {
    assert.ok(FLOW.includes(old));
    return FLOW.replace(old, now);
  };
  const ALL = ['train', 'price', 'join_foreach_rows', 'finish'];

  before(async () => {
    workshop = await Workshop.open();
    original = await cachesOf(FLOW);
  });
  after(() => workshop.close());

  it('is there for the steps that ask for it, and for no others', () => {
    assert.deepEqual(Object.keys(original), ALL);
    assert.match(String(original.train?.code), /^[0-9a-f]{64}$/);
  });

  const CASES: [what: string, flow: () => string, code: string[], environment?: string[], shop?: string][] = [
    ['nothing', () => FLOW, []],
    ['another step', () => edit('self.rows = [1, 2]', 'self.rows = [1, 2, 3]'), []],
    ['where it stands', () => edit('parameters:', '\n# a comment\nparameters:'), []],
    ['a parameter’s default, which is an input', () => edit('default: 1', 'default: 2'), []],
    [
      'its time limit',
      () => edit('cache: true\n    run: |', 'cache: true\n    resources: { timeout: 9s }\n    run: |'),
      [],
    ],
    ['how it is repeated', () => edit('cache: true\n    run: |', 'cache: true\n    retry: 2\n    run: |'), []],
    ['its code', () => edit('sum(self.rows)', 'max(self.rows)'), ['train']],
    ['what it decides', () => edit('cases: { big:', 'cases: { large:'), ['train']],
    [
      'what it catches',
      () => edit('cache: true\n    run: self.total', 'cache: true\n    catch: e\n    run: self.total'),
      ['finish'],
    ],
    ['what a join collects', () => edit('[cost]', '[cost, row]'), ['join_foreach_rows']],
    ['the outputs, which the last step gives', () => edit('outputs: [total]', 'outputs: [total, cost]'), ['finish']],
    ['a module', () => FLOW, ALL, [], 'def price(row): return {"cost": row + 1}\n'],
    ['a variable', () => edit('code:', 'environment: { vars: { A: b } }\ncode:'), [], ALL],
    [
      'a package',
      () => edit('cache: true\n    run: |', 'cache: true\n    environment: { pip: [six==1.17.0] }\n    run: |'),
      [],
      ['train'],
    ],
  ];
  for (const [what, flow, code, environment = [], shop] of CASES) {
    it(`changes with ${what}: ${[...code, ...environment].join(', ') || 'not at all'}`, async () => {
      assert.deepEqual(await changed(flow(), shop), { code, environment });
    });
  }
});
