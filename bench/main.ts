/**
 * `npm run bench`: measures nuvopipe beside stock Metaflow, in one run on one machine with one S3, and prints each figure
 * with its target. `npm run bench -- speed` runs one benchmark, named like its file. Nothing here fails for being slow.
 */
import { type Figure, table } from './support/figure.ts';
import { machine } from './support/measure.ts';

const BENCHMARKS: Record<string, () => Promise<{ default: () => Promise<Figure[]> }>> = {
  start: () => import('./start.ts'),
  compile: () => import('./compile.ts'),
  requests: () => import('./requests.ts'),
  throttle: () => import('./throttle.ts'),
  lanes: () => import('./lanes.ts'),
  speed: () => import('./speed.ts'),
  imports: () => import('./imports.ts'),
  load: () => import('./load.ts'),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}

console.log(`${machine()}\n`);
const figures: Figure[] = [];
for (const [name, load] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`${name}\n`);
  const { default: measure } = await load();
  figures.push(...(await measure()));
}
console.log(`\n${table(figures)}\n\n${machine()}`);
