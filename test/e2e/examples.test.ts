import assert from 'node:assert/strict';
import { join } from 'node:path';
import { artifactsOf, deployFlow, invoke, modulePath, stockEnvironment } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

const examples = join(import.meta.dirname, '../../examples');

interface Expected {
  params?: object;
  secrets?: Record<string, string>;
  outputs: object;
  tasks: Record<string, number>;
  /** Another flow of the example's, which has to be there. */
  needs?: string;
}

const EXPECTED: Record<string, Expected> = {
  hello: {
    params: { who: 'Nuvolaris' },
    outputs: { greeting: 'HELLO, NUVOLARIS!' },
    tasks: { greet: 1, shout: 1 },
  },
  branches: { outputs: { total: 120 }, tasks: { start: 1, double: 1, square: 1, add: 1, end: 1 } },
  titles: {
    params: { prefix: 'Tonight' },
    outputs: {
      shouted: [
        'Tonight: STRANGER THINGS!',
        'Tonight: HOUSE OF CARDS!',
        'Tonight: NARCOS!',
        'Tonight: THE CROWN!',
        'Tonight: DARK!',
        'Tonight: OZARK!',
        'Tonight: MINDHUNTER!',
        'Tonight: MONEY HEIST!',
        'Tonight: BLACK MIRROR!',
      ],
    },
    tasks: { start: 1, shout: 9, collect: 1, end: 1 },
  },
  parameters: {
    params: { top: '2', upper: true, ignore: ['the', 'of'], key: 'a-key-of-mine' },
    outputs: { words: { A: 3, RAIN: 3 }, signature: 'f70371674eb3e503' },
    tasks: { split: 1, count: 1, sign: 1 },
  },
  switch: {
    params: { rows: 20 },
    outputs: { model: 'ends', slope: 3.053 },
    tasks: { load: 1, fit_by_ends: 1, switch: 1, round_off: 1 },
  },
  loops: {
    outputs: { total: 312, root: 17.6635, turns: 8 },
    tasks: { open: 1, read_page: 4, guess: 1, refine: 8, round_off: 1 },
  },
  attempts: {
    outputs: { rows: [1, 2, 3], missing: true },
    tasks: { fetch: 1, fetch_more: 1, decide: 1 },
  },
  failures: {
    params: { count: 5 },
    outputs: { inverses: [-0.5, -1, 1, 0.5], failed: [2], extras: [] },
    tasks: { start: 1, invert: 5, gather: 1, check_foreach_extra: 1, no_foreach_extra: 1, finish: 1 },
  },
  actions: {
    params: { who: 'Bob' },
    outputs: { reply: { text: 'Hello, Bob!', letters: { B: 1, b: 1, o: 1 } }, words: ['Hello,', 'Bob!'] },
    tasks: { count: 1, echo: 1, read: 1 },
  },
  subflow: {
    needs: 'square.yaml',
    outputs: { squares: [4, 9, 25] },
    tasks: { start: 1, square: 3, join_foreach: 1, finish: 1, go_on: 1 },
  },
  schedule: {
    params: { days: 3 },
    outputs: { digest: '245 sold in 3 days' },
    tasks: { collect: 1, sum_up: 1 },
  },
  environment: {
    secrets: { SIGNING_KEY: 'for-tests' },
    outputs: {
      order: { item: 'book', price: 13, currency: 'USD' },
      signature: '3ed4c6cf008f4a9e',
      parsers: ['2.2.1', '2.0.1'],
    },
    tasks: { read_order: 1, convert: 1, sign: 1, publish: 1 },
  },
  cache: { outputs: { slope: 3.04 }, tasks: { make_points: 1, fit: 1 } },
  embed: { outputs: { net: 30.5, gross: 36.6 }, tasks: { sum_up: 1, add_tax: 1 } },
  sequence: { outputs: { longest: 'rose', most: 'a' }, tasks: { split: 1, count: 1, sum_up: 1 } },
  regression: {
    outputs: {
      scores: { linear: { mse: 2962.96, r2: 0.5028 }, forest: { mse: 3227.181, r2: 0.4585 } },
      best: 'linear',
    },
    tasks: { load: 1, fit_linear: 1, fit_forest: 1, compare: 1, end: 1 },
  },
};

describe('the examples, end to end', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;

  before(async () => {
    shared = await sharedPlatform();
  });

  for (const [name, { params, secrets, needs, outputs, tasks }] of Object.entries(EXPECTED)) {
    it(`${name}: its outputs, and every task of it for Metaflow's stock client`, async () => {
      if (needs) await deployFlow(shared, join(examples, name, needs));
      const bundle = await deployFlow(shared, join(examples, name, 'flow.yaml'), secrets);
      const { result } = await invoke(shared, bundle.manifest.flow, params);
      const { run } = result;
      assert.deepEqual(result, { run, status: 'succeeded', outputs });

      const { flow } = bundle.manifest;
      const env = { ...stockEnvironment(shared), PYTHONPATH: await modulePath(bundle, join(examples, name)) };
      const read = await artifactsOf(shared.platform.python, env, `${flow}/${run}`);
      assert.equal(read.successful, true);
      const counts = Object.entries(read.steps).map(([step, found]) => [step, found.length]);
      assert.deepEqual(Object.fromEntries(counts), tasks);
    });
  }
});
