import { UserError } from '../errors.ts';
import { mapParallel } from '../store/parallel.ts';
import { suggest } from '../syntax/suggest.ts';
import { type LogLine, mergeLogs, parseLog } from './mflog.ts';
import type { RunKey, RunReader } from './reader.ts';

export interface TaskLogLine extends LogLine {
  step: string;
  task: string;
  attempt: number;
}

interface TaskLog {
  step: string;
  task: string;
  attempt: number;
  parts: { key: string; stream: LogLine['stream'] }[];
  /** Epoch milliseconds. */
  started: number;
}

/** `task_…` is what the step wrote, `runtime_…` what Metaflow's own schedulers wrote about it. */
const LOG_NAME = /^(\d+)\.(?:runtime|task)_(stdout|stderr)\.log$/;

/**
 * What the tasks of a run wrote, task by task in the order in which they began, stdout and stderr by time. Logs are
 * written when a task ends, so a running one has none yet.
 * @throws UserError if the run has no such step.
 */
export async function* runLogs(reader: RunReader, key: RunKey, step?: string): AsyncGenerator<TaskLogLine> {
  if (step !== undefined) await checkStep(reader, key, step);
  for (const log of await findLogs(reader, key, step)) {
    const { task, attempt, parts } = log;
    const contents = await mapParallel(parts, async (part) => {
      const object = await reader.store.get(part.key);
      return parseLog(object === undefined ? '' : new TextDecoder().decode(object.body), part.stream);
    });
    for (const line of mergeLogs(contents)) yield { step: log.step, task, attempt, ...line };
  }
}

async function findLogs(reader: RunReader, key: RunKey, step: string | undefined): Promise<TaskLog[]> {
  const prefix = `${key.flow}/${key.run}/`;
  const logs = new Map<string, TaskLog>();
  for await (const object of reader.store.list(step === undefined ? prefix : `${prefix}${step}/`)) {
    const [stepName = '', task = '', file = ''] = object.key.slice(prefix.length).split('/');
    const match = LOG_NAME.exec(file);
    if (match === null || object.size === 0) continue;
    const name = `${stepName}/${task}/${match[1]}`;
    const log = logs.get(name) ?? {
      step: stepName,
      task,
      attempt: Number(match[1]),
      parts: [],
      started: object.modified,
    };
    log.parts.push({ key: object.key, stream: match[2] as LogLine['stream'] });
    logs.set(name, log);
  }
  await mapParallel([...logs.values()], async (log) => {
    const record = await reader.commit(key, log.step, log.task);
    if (record !== undefined) log.started = record.started;
  });
  return [...logs.values()].sort((a, b) => a.started - b.started || a.attempt - b.attempt);
}

/** @throws UserError `unknown-step` if the run has no task of it. */
export async function checkStep(reader: RunReader, key: RunKey, step: string): Promise<void> {
  const steps = (await reader.steps(key)).filter((name) => !name.startsWith('_'));
  if (steps.includes(step)) return;
  const near = suggest(step, steps);
  throw new UserError(
    'unknown-step',
    `no task of a step "${step}" has ended in the run ${key.flow}/${key.run}`,
    near === undefined ? `steps so far: ${steps.join(', ') || 'none'}` : `did you mean "${near}"?`,
  );
}
