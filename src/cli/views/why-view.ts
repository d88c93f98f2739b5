import { listed, named } from '../../base/counts.ts';
import type { Palette } from '../../base/terminal/palette.ts';
import type { Change, ExecutionReason, StepWhy, TaskWhy } from '../../index.ts';

/** One line for all tasks with the same reason. */
export function renderWhy({ flow, run, step, tasks, others }: StepWhy, palette: Palette): string {
  const groups = new Map<string, TaskWhy[]>();
  for (const task of tasks) {
    const line = [
      task.executed ? 'ran:' : 'did not run:',
      task.reasons.map((reason) => tell(reason, step, task.task)).join('; '),
    ];
    const text = line.join(' ');
    groups.set(text, [...(groups.get(text) ?? []), task]);
  }
  const lines = [...groups].map(([text, members]) => {
    const mark = members[0]?.executed ? palette.green('✓') : palette.cyan('=');
    return `  ${mark} ${named(members.map(({ task }) => task))} ${text}`;
  });
  const rest = others === 0 ? [] : [`  and ${others} more: choose one with --task`];
  return [palette.bold(`${flow}/${run}/${step}`), ...lines, ...rest].join('\n');
}

function tell(reason: ExecutionReason, step: string, task: string): string {
  switch (reason.kind) {
    case 'cached':
      return `reused from ${short(reason.from, step, task)}`;
    case 'resumed':
      return `reused from ${short(reason.from, step, task)}`;
    case 'not-cached':
      return 'the step has no "cache: true"';
    case 'first':
      return 'the cache has no entry from an earlier run';
    case 'changed':
      return `since ${reason.since}, ${listed(reason.changes.map(change))} changed`;
    case 'failed-before':
      return `nothing changed since ${reason.since}, but it failed there, and failures are not cached`;
    case 'not-kept':
      return `nothing changed since ${reason.since}, but its result was not in the cache yet`;
    case 'done-again':
      return `the run repeats everything from ${reason.step} on`;
    case 'missing':
      return `it did not succeed in ${reason.in}, which this run resumes`;
    case 'unfit':
      return `it succeeded in ${reason.in}, which this run resumes, but ${unfit(reason)}`;
    case 'handler':
      return 'steps of onFailure run after every failure';
    case 'new':
      return `it is not in version ${reason.version}, which ${reason.in} ran and this run resumes`;
    case 'after':
      return `${reason.task} before it ran again`;
  }
}

function unfit({ was, now, next }: Extract<ExecutionReason, { kind: 'unfit' }>): string {
  if (was === now) return 'was not reused';
  const changed = `the flow changed (version ${was} → ${now})`;
  if (next && 'choose' in next) return `${changed}: it now leads to ${listed(next.choose)}`;
  return next && 'open' in next ? `${changed}: it now opens a foreach` : changed;
}

/** Only the run, if step and task are the same. */
function short(from: string, step: string, task: string): string {
  const same = `/${step}/${task}`;
  return from.endsWith(same) ? from.slice(0, -same.length) : from;
}

function change(one: Change): string {
  switch (one.part) {
    case 'code':
      return 'the code of the step';
    case 'environment':
      return 'its environment';
    case 'secrets':
      return 'a secret';
    case 'place':
      return 'its coordinate (item, turn or joined tasks)';
    case 'input':
      return `the input ${one.name} (${one.was ?? 'none'} → ${one.now ?? 'none'})`;
  }
}
