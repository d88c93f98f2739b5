/** How long a command takes to say something, and a flow to compile. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compileFile } from '../test/support/flows.ts';
import { atMost, type Figure, say } from './support/figure.ts';
import { linear } from './support/flows.ts';
import { compare } from './support/measure.ts';

const execute = promisify(execFile);

const NUVOPIPE = join(import.meta.dirname, '../bin/nuvopipe.js');
const HELP_ROUNDS = 15;
const COMPILE_ROUNDS = 5;
/** `nuvopipe --help` beside `node -e 0`. */
const TIMES_NODE_MAX = 2;
const BESIDE_NODE_S = 0.1;
/** Of a flow of {@link LONG_STEPS} steps. */
const COMPILE_MAX_S = 1;
const LONG_STEPS = 1_000;
const SHORT_STEPS = 100;

export default async function start(): Promise<Figure[]> {
  return [...(await help()), ...(await compilation())];
}

function node(...args: string[]): Promise<unknown> {
  return execute(process.execPath, args);
}

async function help(): Promise<Figure[]> {
  say('nuvopipe --help and node -e 0…');
  const times = await compare({
    node: { rounds: HELP_ROUNDS, run: () => node('-e', '0') },
    help: { rounds: HELP_ROUNDS, run: () => node(NUVOPIPE, '--help') },
  });
  const limit = TIMES_NODE_MAX * times.node + BESIDE_NODE_S;
  return [
    {
      what: '`nuvopipe --help`',
      measured: `${ms(times.help)} (\`node -e 0\`: ${ms(times.node)})`,
      target: atMost(times.help, limit, `≤ ${TIMES_NODE_MAX} × + ${ms(BESIDE_NODE_S)} = ${ms(limit)}`),
    },
  ];
}

async function compilation(): Promise<Figure[]> {
  say('compile…');
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-bench-'));
  try {
    const long = join(folder, 'long.yaml');
    const short = join(folder, 'short.yaml');
    await writeFile(long, linear('LongFlow', LONG_STEPS));
    await writeFile(short, linear('ShortFlow', SHORT_STEPS));
    // Modules are loaded once in a process.
    await compileFile(short);
    const times = await compare({
      long: { rounds: COMPILE_ROUNDS, run: () => compileFile(long) },
      longCommand: {
        rounds: COMPILE_ROUNDS,
        run: () => node(NUVOPIPE, 'compile', long, '-o', join(folder, 'long')),
      },
      short: { rounds: COMPILE_ROUNDS, run: () => compileFile(short) },
      shortCommand: {
        rounds: COMPILE_ROUNDS,
        run: () => node(NUVOPIPE, 'compile', short, '-o', join(folder, 'short')),
      },
    });
    const target = (value: number) => atMost(value, COMPILE_MAX_S, `≤ ${COMPILE_MAX_S} s`);
    return [
      { what: `compile of ${LONG_STEPS} steps, in process`, measured: ms(times.long), target: target(times.long) },
      { what: '… `nuvopipe compile`', measured: ms(times.longCommand), target: target(times.longCommand) },
      { what: `compile of ${SHORT_STEPS} steps, in process`, measured: ms(times.short) },
      { what: '… `nuvopipe compile`', measured: ms(times.shortCommand) },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function ms(value: number): string {
  return `${Math.round(value * 1000)} ms`;
}
