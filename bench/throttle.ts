/** A wide foreach under OpenWhisk's default throttles, 60 invocations a minute and 30 at once; and the CPU that a task costs. */
import { atMost, type Figure, ms, say } from './support/figure.ts';
import { foreach } from './support/flows.ts';
import { seconds } from './support/measure.ts';
import { withOwnWhisk } from './support/own-whisk.ts';
import { deploy, run, withPlatform } from './support/platform.ts';
import { pythonCpuBelow } from './support/processes.ts';

const ITEMS = 1_000;
const ITEM_S = 0.2;
const CONCURRENCY = 20;
const INVOCATIONS_MAX = 60;
const IDEAL_S = (ITEMS * ITEM_S) / CONCURRENCY;
const TIMES_IDEAL_MAX = 3;
const CPU_A_TASK_MAX_S = 0.015;

const FLOW = 'ThrottleFlow';

export default function throttle(): Promise<Figure[]> {
  return withPlatform((shared) => {
    let invocations = 0;
    const counting = {
      refuse() {
        invocations += 1;
        return undefined;
      },
    };
    return withOwnWhisk(shared, counting, async (platform) => {
      await deploy(platform, foreach(FLOW, CONCURRENCY, `import time; time.sleep(${ITEM_S})`));
      say(`${ITEMS} items of ${ITEM_S * 1000} ms, concurrency ${CONCURRENCY}…`);
      const before = await pythonCpuBelow(process.pid);
      const wall = await seconds(() => run(platform, FLOW, { items: ITEMS }));
      const cpuATask = ((await pythonCpuBelow(process.pid)) - before) / ITEMS;
      return [
        {
          what: `${ITEMS} items of ${ITEM_S * 1000} ms, concurrency ${CONCURRENCY}, cold: all done in`,
          measured: `${wall.toFixed(1)} s`,
          target: atMost(wall, TIMES_IDEAL_MAX * IDEAL_S, `≤ ${TIMES_IDEAL_MAX * IDEAL_S} s`),
        },
        {
          what: '… Python CPU a task, the starts of the lanes included',
          measured: ms(cpuATask),
          target: atMost(cpuATask, CPU_A_TASK_MAX_S, `≤ ${ms(CPU_A_TASK_MAX_S)}`),
        },
        {
          what: '… throttled invocations, refused ones included',
          measured: String(invocations),
          target: atMost(invocations, INVOCATIONS_MAX, `≤ ${INVOCATIONS_MAX}`),
        },
      ];
    });
  });
}
