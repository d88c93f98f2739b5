/** A wide foreach of short and of long items, cold and warm: lanes that pay for their start. */
import { atMost, type Figure, say } from './support/figure.ts';
import { FOREACH_ITEMS, foreach } from './support/flows.ts';
import { median, seconds } from './support/measure.ts';
import { withOwnWhisk } from './support/own-whisk.ts';
import { deploy, run, withPlatform } from './support/platform.ts';

const CONCURRENCY = 16;
const WARM_ROUNDS = 3;
/** On a real OpenWhisk on two cores it was 8 when all lanes started at once. */
const COLD_TO_WARM_MAX = 3;
/** Items of which there is one a lane. */
const LONG_S = 3;
const LONG_TIMES_IDEAL_MAX = 3;

export default function lanes(): Promise<Figure[]> {
  return withPlatform(async (shared) => {
    const short = await measured(`${FOREACH_ITEMS} short items`, foreach('ShortItems', CONCURRENCY), 'ShortItems', {});
    const long = await measured(
      `${CONCURRENCY} items of ${LONG_S} s`,
      foreach('LongItems', CONCURRENCY, `import time; time.sleep(${LONG_S})`),
      'LongItems',
      { items: CONCURRENCY },
    );
    const ratio = short.cold / short.warm;
    return [
      {
        what: `${FOREACH_ITEMS} short items, concurrency ${CONCURRENCY}, warm`,
        measured: `${short.warm.toFixed(2)} s`,
      },
      {
        what: `… cold, ${short.containers} containers`,
        measured: `${short.cold.toFixed(2)} s: ${ratio.toFixed(1)}×`,
        target: atMost(ratio, COLD_TO_WARM_MAX, `≤ ${COLD_TO_WARM_MAX}×`),
      },
      {
        what: `${CONCURRENCY} items of ${LONG_S} s, one a lane, cold`,
        measured: `${long.cold.toFixed(1)} s`,
        target: atMost(long.cold, LONG_TIMES_IDEAL_MAX * LONG_S, `≤ ${LONG_TIMES_IDEAL_MAX * LONG_S} s`),
      },
      { what: '… warm', measured: `${long.warm.toFixed(1)} s` },
    ];

    function measured(what: string, text: string, flow: string, params: object) {
      return withOwnWhisk(shared, {}, async (platform, server) => {
        await deploy(platform, text);
        say(`${what}, cold and warm…`);
        const cold = await seconds(() => run(platform, flow, params));
        const { idle, busy } = server.containers();
        const warm: number[] = [];
        for (let round = 0; round < WARM_ROUNDS; round++) warm.push(await seconds(() => run(platform, flow, params)));
        return { cold, warm: median(warm), containers: idle + busy };
      });
    }
  });
}
