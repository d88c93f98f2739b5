import { UserError } from '../../base/errors.ts';
import { harmless } from '../../base/terminal/harmless.ts';
import type { LogFilter } from '../../index.ts';

interface TaskFlags {
  step: string | undefined;
  task: string | undefined;
  attempt: number | undefined;
}

/** `--step`, `--task` and `--attempt`. @throws UserError `bad-task`, `bad-filter` */
export function taskFilter({ step, task, attempt }: TaskFlags): LogFilter {
  const [taskStep, taskName, ...more] = task?.split('/') ?? [];
  if (task !== undefined && (!taskStep || !taskName || more.length > 0)) {
    throw new UserError('bad-task', `invalid task ${JSON.stringify(task)}`, 'write STEP/TASK, as shown in the log');
  }
  if (step !== undefined && taskStep !== undefined && step !== taskStep) {
    throw new UserError('bad-filter', `the task ${task} does not belong to the step ${step}`, 'remove --step');
  }
  const wantedStep = taskStep ?? step;
  return {
    ...(wantedStep !== undefined && { step: wantedStep }),
    ...(taskName !== undefined && { task: taskName }),
    ...(attempt !== undefined && { attempt: attempt - 1 }),
  };
}

/** Between slashes, with optional flags. */
const REGULAR_EXPRESSION = /^\/(.+)\/([a-z]*)$/s;

/** `--grep`: whether a displayed line contains the text or matches the expression. @throws UserError `bad-pattern` */
export function lineFilter(pattern: string | undefined): (line: string) => boolean {
  if (pattern === undefined) return () => true;
  const [, source, flags] = REGULAR_EXPRESSION.exec(pattern) ?? [];
  if (source === undefined) return (line) => harmless(line).includes(pattern);
  try {
    const expression = new RegExp(source, flags?.replace(/[gy]/g, ''));
    return (line) => expression.test(harmless(line));
  } catch (cause) {
    const why = (cause as Error).message.replace(/^Invalid regular expression: /, '');
    throw new UserError(
      'bad-pattern',
      `invalid regular expression: ${why}`,
      'to search for plain text, remove the slashes around it',
      {
        cause,
      },
    );
  }
}
