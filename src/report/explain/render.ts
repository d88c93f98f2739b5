import { formatDurationMs } from '../../model/duration.ts';
import { formatSizeMB } from '../../model/size.ts';
import type { Palette } from '../../terminal/palette.ts';
import type { ExplainedFork, Explanation, Finding } from './explanation.ts';

/** Of long lists; `--json` has all. */
const ROWS_MAX = 12;

const TITLES: Record<Finding['limit'], string> = {
  components: 'components a session',
  continuations: 'continuations',
  lanes: 'lanes',
  calls: 'throttled calls',
  time: 'time',
  memory: 'memory',
  envelope: 'envelope',
  result: 'result',
  code: 'code',
};

/** An explanation for people. */
export function renderExplanation(explanation: Explanation, palette: Palette): string {
  const { flow, actions, blocks, forks, limits } = explanation;
  const steps = blocks.reduce((sum, block) => sum + block.steps.length, 0);
  const marks = { fits: palette.green('✓'), slower: palette.yellow('!'), exceeds: palette.red('✗') };
  const section = (title: string, lines: string[]) => (lines.length === 0 ? [] : ['', palette.bold(title), ...lines]);
  return [
    `${palette.bold(flow)} has ${count(steps, 'step')} in ${count(blocks.length, 'block')}, and ${count(actions.length, 'action')}`,
    ...section(
      'Actions',
      table(
        actions.map(({ name, role, memoryMB, timeLimitMs, steps: shared = 0 }) => [
          name,
          role === 'steps' ? count(shared, 'step') : role,
          formatSizeMB(memoryMB),
          formatDurationMs(timeLimitMs),
        ]),
      ),
    ),
    ...section('Blocks', table(blocks.map(({ name, profile, steps: inside }) => [name, profile, ends(name, inside)]))),
    ...section('Forks', table(forks.map(forkRow))),
    ...section(
      'Limits of OpenWhisk as it comes',
      table(limits.map(({ limit, text }) => [TITLES[limit], text])).map(
        (line, index) => `  ${marks[limits[index]?.verdict ?? 'fits']}${line.slice(1)}`,
      ),
    ),
  ].join('\n');
}

/** What of a block its name does not say. */
function ends(name: string, steps: readonly string[]): string {
  const last = steps.at(-1);
  return last === name ? '' : `to ${last}, ${count(steps.length, 'step')}`;
}

function forkRow({
  after,
  kind,
  over,
  branches = [],
  lanes,
  calls,
  componentsPerItem,
  itemsPerSession,
}: ExplainedFork): string[] {
  const title = kind === 'foreach' ? `foreach ${over}` : `${branches.length} branches`;
  const started = calls === 0 ? 'no call' : `${count(calls, 'throttled call')}`;
  const item = kind === 'foreach' ? 'an item' : 'a branch';
  const each = `${count(componentsPerItem, 'component')} ${item}`;
  const fresh =
    itemsPerSession > 1 ? `, a fresh session every ${itemsPerSession}` : ', fresh sessions as it needs them';
  const more = kind === 'foreach' ? fresh : '';
  return [`${title} after ${after}`, count(lanes, 'lane'), started, each + more];
}

/** Columns as wide as their widest cell. */
function table(rows: readonly string[][]): string[] {
  const shown = rows.slice(0, ROWS_MAX);
  const widths = shown[0]?.map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = shown.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  return rows.length > ROWS_MAX ? [...lines, `  and ${rows.length - ROWS_MAX} more`] : lines;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
