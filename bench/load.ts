/** Length and width: a loop of many turns, a foreach of many items, many runs at once; and what memory they leave behind. */
import { readdir, readFile } from 'node:fs/promises';
import { atMost, type Figure, say } from './support/figure.ts';
import { linear } from './support/flows.ts';
import { seconds } from './support/measure.ts';
import { type BenchPlatform, deploy, run, withPlatform } from './support/platform.ts';

const TURNS = 10_000;
const ITEMS = 10_000;
const RUNS = 50;
const GROWTH_MAX = 1.5;
/** It holds all that the runs have made in its memory. */
const S3_SERVER = 's3_server.py';
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
    const loop = await seconds(() => run(platform, 'LongFlow'));
    say(`${ITEMS} items of a foreach…`);
    const wide = await seconds(() => run(platform, 'WideFlow'));
    say(`${RUNS} runs at once…`);
    const many = await seconds(() =>
      Promise.all(Array.from({ length: RUNS }, () => untilTaken(platform, flow.manifest.flow))),
    );
    const after = await memoryMB(platform);
    return [
      {
        what: `a loop of ${TURNS} turns`,
        measured: `${loop.toFixed(0)} s, ${((loop * 1000) / TURNS).toFixed(0)} ms a turn`,
      },
      { what: `a foreach of ${ITEMS} items, with its join`, measured: `${wide.toFixed(0)} s` },
      { what: `${RUNS} runs of 10 steps at once, under the default throttles`, measured: `${many.toFixed(0)} s` },
      {
        what: '… the platform’s memory after all of it, against before',
        measured: `${after.daemon.toFixed(0)} MB, ${before.daemon.toFixed(0)} MB`,
        target: atMost(after.daemon / before.daemon, GROWTH_MAX, `≤ ${GROWTH_MAX} ×`),
      },
      {
        what: '… the largest step container’s',
        measured: `${after.largest.toFixed(0)} MB, ${before.largest.toFixed(0)} MB`,
        target: atMost(after.largest / before.largest, GROWTH_MAX, `≤ ${GROWTH_MAX} ×`),
      },
    ];
  });
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

/** Resident memory of the platform's daemon, and of the largest Python process below it that is not the S3 server. */
async function memoryMB({ platform }: BenchPlatform): Promise<{ daemon: number; largest: number }> {
  const below: number[] = [];
  for (const pid of await descendants(platform.pid)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes(S3_SERVER)) below.push(pid);
  }
  const sizes = await Promise.all(below.map(residentMB));
  return { daemon: await residentMB(platform.pid), largest: Math.max(0, ...sizes) };
}

async function residentMB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

/** Python processes that a process has started, and those that they have. */
async function descendants(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : '';
    const parent = /\((?:python.*)\) \S (\d+)/.exec(stat)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found = new Set<number>([root]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  found.delete(root);
  return [...found];
}
