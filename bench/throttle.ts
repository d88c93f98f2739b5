/** A wide foreach under OpenWhisk's default throttles: 60 invocations a minute, 30 at once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWhisk } from '../src/local/whisk/server.ts';
import { atMost, type Figure, say } from './support/figure.ts';
import { foreach } from './support/flows.ts';
import { seconds } from './support/measure.ts';
import { type BenchPlatform, deploy, run, withPlatform } from './support/platform.ts';

const ITEMS = 1_000;
const ITEM_S = 0.2;
const CONCURRENCY = 20;
const INVOCATIONS_MAX = 60;
const IDEAL_S = (ITEMS * ITEM_S) / CONCURRENCY;
const TIMES_IDEAL_MAX = 3;

const FLOW = 'ThrottleFlow';

export default function throttle(): Promise<Figure[]> {
  return withPlatform(async (shared) => {
    const counted = { invocations: 0 };
    const { platform, close } = await withCountedInvocations(shared, counted);
    try {
      await deploy(platform, foreach(FLOW, CONCURRENCY, `import time; time.sleep(${ITEM_S})`));
      say(`${ITEMS} items of ${ITEM_S * 1000} ms, concurrency ${CONCURRENCY}…`);
      const wall = await seconds(() => run(platform, FLOW, { items: ITEMS }));
      return [
        {
          what: `${ITEMS} items of ${ITEM_S * 1000} ms, concurrency ${CONCURRENCY}, cold: all done in`,
          measured: `${wall.toFixed(1)} s`,
          target: atMost(wall, TIMES_IDEAL_MAX * IDEAL_S, `≤ ${TIMES_IDEAL_MAX * IDEAL_S} s`),
        },
        {
          what: '… throttled invocations, refused ones included',
          measured: String(counted.invocations),
          target: atMost(counted.invocations, INVOCATIONS_MAX, `≤ ${INVOCATIONS_MAX}`),
        },
      ];
    } finally {
      await close();
    }
  });
}

/** The platform with another OpenWhisk, the same but for counting what its throttles count. */
async function withCountedInvocations(shared: BenchPlatform, counted: { invocations: number }) {
  const { python, whisk } = shared.platform;
  const stateDir = await mkdtemp(join(tmpdir(), 'nuvopipe-bench-'));
  const server = await startWhisk({
    stateDir,
    auth: whisk.auth,
    namespace: whisk.namespace,
    runtimes: {
      node: { executable: process.execPath },
      python: { executable: python },
      pythonPreload: ['metaflow'],
    },
    faults: {
      refuse() {
        counted.invocations += 1;
        return undefined;
      },
    },
  });
  const platform: BenchPlatform = {
    ...shared,
    platform: { ...shared.platform, whisk: { ...whisk, apihost: server.url } },
  };
  const close = async () => {
    await server.close();
    await rm(stateDir, { recursive: true, force: true });
  };
  return { platform, close };
}
