/** Requests to S3 a task, counted on their way, of nuvopipe and of stock Metaflow. */
import { type CountingProxy, countingProxy, type S3Request } from './support/counting-proxy.ts';
import { atMost, type Figure, say } from './support/figure.ts';
import { FOREACH_ITEMS, foreach, LINEAR_STEPS, linear } from './support/flows.ts';
import { type BenchPlatform, deploy, run, withPlatform } from './support/platform.ts';
import { count, describe } from './support/requests.ts';
import { stockMetaflow } from './support/stock.ts';

/** Of a trivial task, beside one for each new artifact. */
const REQUESTS_A_TASK = 6;
/** Stock Metaflow's requests a task are the same for any number of items, and 100 take it more than a minute. */
const STOCK_ITEMS = 20;
const CONCURRENCY = 4;
/** Tasks before the items: the step that makes the list. */
const OPENERS = 1;

export default function requests(): Promise<Figure[]> {
  return withPlatform(async (shared) => {
    const proxy = await countingProxy(shared.platform.store.endpoint as string);
    try {
      const store = { ...shared.platform.store, endpoint: proxy.endpoint };
      const platform = { ...shared, platform: { ...shared.platform, store } };
      return [...(await ofLinear(platform, proxy)), ...(await ofForeach(platform, proxy))];
    } finally {
      await proxy.close();
    }
  });
}

async function ofLinear(platform: BenchPlatform, proxy: CountingProxy): Promise<Figure[]> {
  const { ours, theirs } = await both(platform, proxy, 'CountLinearFlow', linear('CountLinearFlow'), []);
  return [
    taskFigure(`${LINEAR_STEPS}-step linear flow: requests a step`, ours, LINEAR_STEPS),
    comparison('… stock Metaflow', theirs, LINEAR_STEPS),
  ];
}

/** The join reads each of its inputs, so it is told apart from the trivial tasks. */
async function ofForeach(platform: BenchPlatform, proxy: CountingProxy): Promise<Figure[]> {
  const flow = 'CountForeachFlow';
  const stockArgs = ['--items', String(STOCK_ITEMS)];
  const { ours, theirs } = await both(platform, proxy, flow, foreach(flow, CONCURRENCY), stockArgs);
  const joinClaimed = ours.findIndex(({ method, path }) => method === 'PUT' && path.endsWith('/join'));
  const theirJoin = theirs.findIndex(({ path }) => path.includes('/gather/'));
  return [
    taskFigure(
      `foreach of ${FOREACH_ITEMS}, concurrency ${CONCURRENCY}: requests a task before the join`,
      ours.slice(0, joinClaimed),
      FOREACH_ITEMS + OPENERS,
    ),
    comparison('… stock Metaflow', theirs.slice(0, theirJoin), STOCK_ITEMS + OPENERS),
    comparison('the join and the end: requests an input', ours.slice(joinClaimed), FOREACH_ITEMS),
    comparison('… stock Metaflow', theirs.slice(theirJoin), STOCK_ITEMS),
  ];
}

/** One run each. Ours is in fresh containers: later ones find some of the artifacts known and write fewer. */
async function both(platform: BenchPlatform, proxy: CountingProxy, flow: string, text: string, stockArgs: string[]) {
  const bundle = await deploy(platform, text);
  const { python, store } = platform.platform;
  const stock = await stockMetaflow(python, bundle);
  try {
    proxy.take();
    await run(platform, flow);
    const ours = proxy.take();
    say(`${flow}: ${describe(ours)}`);
    await stock.run(store, stockArgs);
    const theirs = proxy.take();
    say(`… stock Metaflow: ${describe(theirs)}`);
    return { ours, theirs };
  } finally {
    await stock.remove();
  }
}

function comparison(what: string, requests: S3Request[], tasks: number): Figure {
  const { all, artifacts } = count(requests);
  const each = (number: number) => (number / tasks).toFixed(1);
  return { what, measured: `${each(all)}, ${each(artifacts)} of them for new artifacts` };
}

function taskFigure(what: string, requests: S3Request[], tasks: number): Figure {
  const { all, artifacts } = count(requests);
  const limit = REQUESTS_A_TASK + artifacts / tasks;
  const target = atMost(all / tasks, limit, `≤ ${REQUESTS_A_TASK} + 1 an artifact = ${limit.toFixed(1)}`);
  return { ...comparison(what, requests, tasks), target };
}
