import { firstLines } from '../../base/counts.ts';
import type { Palette } from '../../base/terminal/palette.ts';
import type { FlowPrune, KeepReason } from '../../index.ts';
import { age } from './run-views.ts';

/** Maximum number of runs named per flow. */
const RUNS_NAMED_MAX = 10;

const REASONS: Record<KeepReason, string> = {
  running: 'running',
  settling: 'changed in the last day',
  recent: 'not old enough',
  latest: 'among the latest',
  failed: 'failed',
  resumed: 'being resumed',
};

/** What would be deleted of a flow, and what is kept. */
export function renderFlowPrune({ flow, runs, kept, ...rest }: FlowPrune, palette: Palette, nowMs: number): string {
  const reasons = (Object.keys(REASONS) as KeepReason[]).flatMap((reason) =>
    kept[reason] === undefined ? [] : [`${kept[reason]} ${REASONS[reason]}`],
  );
  const stays = reasons.length === 0 ? '' : palette.dim(` (kept: ${reasons.join(', ')})`);
  const lines = runs.map(({ run, status, created }) => `${run}  ${status}, ${age(nowMs - created)} ago`);
  return [
    `${palette.bold(flow)}: ${amounts({ runs, ...rest })}${stays}`,
    ...firstLines(lines, RUNS_NAMED_MAX).map((line) => `  ${line}`),
  ].join('\n');
}

/** `2 runs, 1 cache entry, 31 objects, 12 kB` */
export function amounts(
  of: Pick<FlowPrune, 'cacheEntries' | 'objects' | 'bytes'> & { runs: readonly unknown[] },
): string {
  if (of.objects === 0) return 'nothing to delete';
  const entries = of.cacheEntries === 0 ? [] : [counted(of.cacheEntries, 'cache entry', 'cache entries')];
  return [
    counted(of.runs.length, 'run', 'runs'),
    ...entries,
    counted(of.objects, 'object', 'objects'),
    size(of.bytes),
  ].join(', ');
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}

/** Powers of 1,000, as in storage bills. */
function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
