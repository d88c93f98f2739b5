import stringWidth from 'fast-string-width';
import { count, firstLines, named } from '../../base/counts.ts';
import { formatDurationMs } from '../../base/duration.ts';
import { formatSizeMB } from '../../base/size.ts';
import type { Palette } from '../../base/terminal/palette.ts';
import type {
  ExplainedAttempts,
  ExplainedCall,
  ExplainedFork,
  ExplainedLoop,
  Explanation,
  Finding,
} from '../../index.ts';

/** Maximum number of rows; `--json` has all of them. */
const ROWS_MAX = 12;

const TITLES: Record<Finding['limit'], string> = {
  components: 'components a session',
  continuations: 'continuations',
  lanes: 'lanes',
  calls: 'throttled calls',
  time: 'time',
  memory: 'memory',
  envelope: 'envelope',
  payload: 'payload',
  result: 'result',
  code: 'code',
};

/** Renders an explanation for people. */
export function renderExplanation(explanation: Explanation, palette: Palette): string {
  const { flow, cluster, actions, blocks, forks, loops, attempts, calls, onFailure, limits } = explanation;
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
          memoryMB === undefined ? '' : formatSizeMB(memoryMB),
          timeLimitMs === undefined ? '' : formatDurationMs(timeLimitMs),
        ]),
      ),
    ),
    ...section('Blocks', table(blocks.map(({ name, profile, steps: inside }) => [name, profile, ends(name, inside)]))),
    ...section('Forks', table(forks.map(forkRow))),
    ...section('Loops', table(loops.map(loopRow))),
    ...section('Attempts', table(attempts.map(attemptsRow))),
    ...section('Calls', table(calls.map(callRow))),
    ...section(
      'When a run fails',
      onFailure ? table([[named(onFailure.steps), count(onFailure.components, 'component')]]) : [],
    ),
    ...section(
      cluster === undefined ? 'Default limits of OpenWhisk' : `Limits of ${cluster}`,
      table(limits.map(({ limit, text }) => [TITLES[limit], text])).map(
        (line, index) => `  ${marks[limits[index]?.verdict ?? 'fits']}${line.slice(1)}`,
      ),
    ),
  ].join('\n');
}

/** Information about a block that its name does not contain. */
function ends(name: string, steps: readonly string[]): string {
  const last = steps.at(-1);
  return last === name ? '' : `to ${last}, ${count(steps.length, 'step')}`;
}

function forkRow(fork: ExplainedFork): string[] {
  const {
    after,
    kind,
    over,
    branches = [],
    lanes,
    calls,
    componentsPerItem,
    itemsPerSession,
    batch,
    minSuccess,
  } = fork;
  const title = kind === 'foreach' ? `foreach ${over ?? 'item'}` : `${branches.length} branches`;
  const started = calls === 0 ? 'no call' : `${count(calls, 'throttled call')}`;
  const each = `${count(componentsPerItem, 'component')} ${kind === 'foreach' ? 'per item' : 'per branch'}`;
  const more = kind === 'foreach' ? [freshSession(itemsPerSession)] : [];
  if (batch !== undefined) more.push(`up to ${batch} items per activation`);
  if (minSuccess) more.push(`continues if ${least(minSuccess)} succeed`);
  return [`${title} after ${after}`, count(lanes, 'lane'), started, [each, ...more].join(', ')];
}

function loopRow({ name, max, componentsPerTurn, turnsPerSession }: ExplainedLoop): string[] {
  const each = `${count(componentsPerTurn, 'component')} per turn`;
  return [
    name,
    max === undefined ? 'no limit' : `at most ${count(max, 'turn')}`,
    `${each}, ${freshSession(turnsPerSession)}`,
  ];
}

function freshSession(every: number): string {
  return every > 1 ? `a new session after every ${every}` : 'new sessions as needed';
}

/** Maximum number of pauses listed, the same as Metaflow's maximum number of retries. */
const PAUSES_NAMED_MAX = 6;

function attemptsRow({ step, attempts, pausesMs, withinMs, catches, components }: ExplainedAttempts): string[] {
  const pauses = named(
    pausesMs.map((pause) => formatDurationMs(Math.round(pause))),
    PAUSES_NAMED_MAX,
  );
  return [
    step,
    `up to ${count(attempts, 'attempt')}${withinMs === undefined ? '' : ` within ${formatDurationMs(withinMs)}`}`,
    pauses === '' ? '' : `pauses of ${pauses}`,
    `${count(components, 'component')}${catches ? ', and the flow goes on' : ''}`,
  ];
}

function callRow({ step, kind, name, detached, components, componentsPerLook }: ExplainedCall): string[] {
  const cost = count(components, 'component');
  if (kind === 'action') return [step, `action ${name}`, cost];
  const each = detached
    ? `${cost}, not waited for`
    : `${cost}, ${componentsPerLook} more for each further look in the first seconds; then its end wakes the run`;
  return [step, `flow ${name}`, `a throttled call, ${each}`];
}

function least(minSuccess: NonNullable<ExplainedFork['minSuccess']>): string {
  return 'count' in minSuccess ? String(minSuccess.count) : `${minSuccess.part * 100}%`;
}

/** Aligns columns to their widest cell. */
function table(rows: readonly string[][]): string[] {
  const shown = rows.slice(0, ROWS_MAX);
  const widths = shown[0]?.map((_, column) => Math.max(...shown.map((row) => stringWidth(row[column] ?? '')))) ?? [];
  const padded = (cell: string, column: number) => cell + ' '.repeat((widths[column] ?? 0) - stringWidth(cell));
  const lines = rows.map((row) => row.map(padded).join('  ').trimEnd());
  return firstLines(lines, ROWS_MAX).map((line) => `  ${line}`);
}
