/** Wall time of warm runs beside stock Metaflow's of the same compiled `flow.py`, on the same S3 and on its local datastore. */
import { atLeast, type Figure, say } from './support/figure.ts';
import { FOREACH_ITEMS, foreach, LINEAR_STEPS, linear } from './support/flows.ts';
import { compare } from './support/measure.ts';
import { type BenchPlatform, deploy, run, withPlatform } from './support/platform.ts';
import { stockMetaflow } from './support/stock.ts';

const LINEAR_ROUNDS = 5;
const STOCK_LINEAR_ROUNDS = 3;
const FOREACH_ROUNDS = 5;
/** Stock's takes more than a minute. */
const STOCK_FOREACH_ROUNDS = 1;
const CONCURRENCIES = [4, 8];
/** Times as fast as stock Metaflow. */
const TARGET_S3 = 15;
const TARGET_LOCAL = 6;

export default function speed(): Promise<Figure[]> {
  return withPlatform(async (platform) => [
    ...(await against(platform, {
      what: `${LINEAR_STEPS}-step linear flow, warm`,
      flow: 'BenchLinearFlow',
      text: linear('BenchLinearFlow'),
      rounds: LINEAR_ROUNDS,
      stockRounds: STOCK_LINEAR_ROUNDS,
    })),
    ...(await against(platform, await betterForeach(platform))),
  ]);
}

interface Race {
  what: string;
  flow: string;
  text: string;
  rounds: number;
  stockRounds: number;
}

/** With the concurrency that suits this machine best; stock Metaflow has its own default, 16 processes. */
async function betterForeach(platform: BenchPlatform): Promise<Race> {
  const races = CONCURRENCIES.map((concurrency) => {
    const flow = `BenchForeach${concurrency}Flow`;
    const what = `foreach of ${FOREACH_ITEMS} with its join, concurrency ${concurrency}, warm`;
    const text = foreach(flow, concurrency);
    return { what, flow, text, rounds: FOREACH_ROUNDS, stockRounds: STOCK_FOREACH_ROUNDS };
  });
  for (const { flow, text } of races) {
    await deploy(platform, text);
    await run(platform, flow);
  }
  const times = await compare(
    Object.fromEntries(races.map(({ flow }) => [flow, { rounds: 2, run: () => run(platform, flow) }])),
  );
  const [best] = races.toSorted((a, b) => (times[a.flow] ?? 0) - (times[b.flow] ?? 0));
  for (const [index, { flow }] of races.entries())
    say(`foreach, concurrency ${CONCURRENCIES[index]}: ${times[flow]?.toFixed(2)} s`);
  return best as Race;
}

async function against(platform: BenchPlatform, race: Race): Promise<Figure[]> {
  const { what, flow, text, rounds, stockRounds } = race;
  const bundle = await deploy(platform, text);
  const { python, store } = platform.platform;
  const stock = await stockMetaflow(python, bundle);
  try {
    await run(platform, flow);
    say(`${what}: ${rounds} rounds, ${stockRounds} of stock Metaflow…`);
    const times = await compare({
      ours: { rounds, run: () => run(platform, flow) },
      stockLocal: { rounds: stockRounds, run: () => stock.run('local') },
      stockS3: { rounds: stockRounds, run: () => stock.run(store) },
    });
    const ratioS3 = times.stockS3 / times.ours;
    const ratioLocal = times.stockLocal / times.ours;
    return [
      { what, measured: `${times.ours.toFixed(2)} s` },
      {
        what: '… stock Metaflow, same S3',
        measured: `${times.stockS3.toFixed(1)} s: ${ratioS3.toFixed(1)}×`,
        target: atLeast(ratioS3, TARGET_S3, `≥ ${TARGET_S3}×`),
      },
      {
        what: '… stock Metaflow, local datastore',
        measured: `${times.stockLocal.toFixed(1)} s: ${ratioLocal.toFixed(1)}×`,
        target: atLeast(ratioLocal, TARGET_LOCAL, `≥ ${TARGET_LOCAL}×`),
      },
    ];
  } finally {
    await stock.remove();
  }
}
