/** How long flows take to compile, from one that a person writes to one that a program does. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileFile } from '../test/support/flows.ts';
import { atMost, type Figure, ms, say } from './support/figure.ts';
import { linear } from './support/flows.ts';
import { compare } from './support/measure.ts';
import { node, nuvopipe } from './support/node.ts';

const ROUNDS = 5;
/** How many steps, and how long they may take, seconds. */
const SIZES = [{ steps: 10_000, maxS: 2 }, { steps: 1_000, maxS: 1 }, { steps: 100 }];

export default async function compile(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-bench-'));
  try {
    const figures: Figure[] = [];
    for (const { steps, maxS } of SIZES) {
      say(`compile of ${steps} steps…`);
      const file = join(folder, `${steps}.yaml`);
      await writeFile(file, linear('LongFlow', steps));
      // Modules are loaded once in a process.
      await compileFile(file);
      const times = await compare({
        node: { rounds: ROUNDS, run: () => node('-e', '0') },
        inProcess: { rounds: ROUNDS, run: () => compileFile(file) },
        command: { rounds: ROUNDS, run: () => nuvopipe('compile', file, '-o', join(folder, String(steps))) },
      });
      const target = (value: number) => (maxS === undefined ? {} : { target: atMost(value, maxS, `≤ ${maxS} s`) });
      const beside = `\`node -e 0\`: ${ms(times.node)}`;
      figures.push(
        { what: `compile of ${steps} steps, in process`, measured: ms(times.inProcess), ...target(times.inProcess) },
        { what: '… `nuvopipe compile`', measured: `${ms(times.command)} (${beside})`, ...target(times.command) },
      );
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
