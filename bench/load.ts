/** Length and width: a loop of many turns, a foreach of many items, many runs at once; and what memory they leave behind. */
import { readFile } from 'node:fs/promises';
import { atMost, type Figure, say } from './support/figure.ts';
import { linear } from './support/flows.ts';
import { seconds } from './support/measure.ts';
import { type BenchPlatform, deploy, run, withPlatform } from './support/platform.ts';
import { childrenOf } from './support/processes.ts';

const TURNS = 10_000;
const ITEMS = 10_000;
const RUNS = 50;
const GROWTH_MAX = 1.5;
/** What a step has by default. */
const STEP_MEMORY_MB = 256;
const WATCH_EVERY_MS = 250;
/** The process that step containers are forked from. */
const TEMPLATE = 'python_template.py';
/** How long a client that the platform refuses (429) waits before it asks again. */
const REFUSED_PAUSE_MS = 2_000;

const LOOP = `flow: LongFlow
outputs: [n]
steps:
  - step: begin
    run: self.n = 0
  - while: self.n < ${TURNS}
    steps:
      - step: turn
        run: self.n += 1
  - step: finish
    run: pass
`;

const WIDE = `flow: WideFlow
outputs: [total]
steps:
  - foreach: range(${ITEMS})
    as: n
    concurrency: 4
    batch: 100
    steps:
      - step: double
        run: self.d = self.n * 2
    join:
      step: sum_up
      run: self.total = sum(item.d for item in inputs)
`;

export default function load(): Promise<Figure[]> {
  return withPlatform(async (platform) => {
    await deploy(platform, LOOP);
    await deploy(platform, WIDE);
    const flow = await deploy(platform, linear('ManyFlow', 10));
    await run(platform, flow.manifest.flow);
    const before = await memoryMB(platform);

    say(`${TURNS} turns of a loop…`);
    const loop = await watched(platform, () => run(platform, 'LongFlow'));
    say(`${ITEMS} items of a foreach…`);
    const wide = await watched(platform, () => run(platform, 'WideFlow'));
    say(`${RUNS} runs at once…`);
    const many = await watched(platform, () =>
      Promise.all(Array.from({ length: RUNS }, () => untilTaken(platform, flow.manifest.flow))),
    );
    const ms = ((loop.seconds * 1000) / TURNS).toFixed(0);
    return [
      { what: `a loop of ${TURNS} turns`, measured: `${loop.seconds.toFixed(0)} s, ${ms} ms a turn` },
      grown('the platform’s memory', loop.daemon, before.daemon),
      grown('the largest step container’s', loop.container, before.container),
      { what: `a foreach of ${ITEMS} items, with its join`, measured: `${wide.seconds.toFixed(0)} s` },
      grown('the platform’s memory', wide.daemon, before.daemon),
      {
        what: '… the largest step container’s at most, which joins them',
        measured: mb(wide.container),
        target: atMost(wide.container, STEP_MEMORY_MB, `≤ ${mb(STEP_MEMORY_MB)}`),
      },
      {
        what: `${RUNS} runs of 10 steps at once, under the default throttles`,
        measured: `${many.seconds.toFixed(0)} s`,
      },
      grown('the platform’s memory', many.daemon, before.daemon),
    ];
  });
}

/** MB. */
interface Memory {
  daemon: number;
  container: number;
}

function grown(whose: string, most: number, before: number): Figure {
  return {
    what: `… ${whose} at most, and before`,
    measured: `${mb(most)}, ${mb(before)}`,
    target: atMost(most / before, GROWTH_MAX, `≤ ${GROWTH_MAX} ×`),
  };
}

function mb(value: number): string {
  return `${value.toFixed(0)} MB`;
}

/** How long some work takes, and the most memory that is held meanwhile. */
async function watched(platform: BenchPlatform, work: () => unknown): Promise<Memory & { seconds: number }> {
  const most: Memory = { daemon: 0, container: 0 };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { daemon, container } = await memoryMB(platform);
      most.daemon = Math.max(most.daemon, daemon);
      most.container = Math.max(most.container, container);
      await new Promise((resolve) => setTimeout(resolve, WATCH_EVERY_MS));
    }
  })();
  try {
    return { seconds: await seconds(work), ...most };
  } finally {
    isOver = true;
    await watching;
  }
}

/** A run whose invocation is repeated as long as the platform refuses it. */
async function untilTaken(platform: BenchPlatform, flow: string): Promise<void> {
  for (;;) {
    try {
      await run(platform, flow);
      return;
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 429) throw error;
      await new Promise((resolve) => setTimeout(resolve, REFUSED_PAUSE_MS));
    }
  }
}

/**
 * What the platform's daemon holds, and the largest step container below it with its processes: the proportional set size,
 * of which what several processes share is counted once.
 */
async function memoryMB({ platform }: BenchPlatform): Promise<Memory> {
  const children = await childrenOf();
  const whole = async (pid: number): Promise<number> => {
    const below = await Promise.all((children.get(pid) ?? []).map(whole));
    return (await ownMB(pid)) + below.reduce((sum, size) => sum + size, 0);
  };
  const containers: number[] = [];
  for (const pid of children.get(platform.pid) ?? []) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes(TEMPLATE)) continue;
    containers.push(...(await Promise.all((children.get(pid) ?? []).map(whole))));
  }
  return { daemon: await ownMB(platform.pid), container: Math.max(0, ...containers) };
}

async function ownMB(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024;
}
