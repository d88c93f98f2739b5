import { setTimeout as pause } from 'node:timers/promises';
import { named } from '../../base/counts.ts';
import { UserError } from '../../base/errors.ts';
import { suggest } from '../../base/suggest.ts';
import { lastState } from '../../base/terminal/harmless.ts';
import { keys, prefixes } from '../../contract/layout.generated.ts';
import { numberOfFiles, type TaskRecord } from '../../contract/records.ts';
import { mapParallel } from '../s3/parallel.ts';
import { followRun } from './follow.ts';
import { type LogLine, mergeLogs, parseLog, type StoredLine } from './mflog.ts';
import type { RunKey, RunReader } from './reader.ts';

/** Which logs of a run to read. */
export interface LogFilter {
  step?: string;
  /** Of {@link step}. */
  task?: string;
  /** From 0. */
  attempt?: number;
}

export interface TaskLogLine extends LogLine {
  step: string;
  task: string;
  /** From 0. */
  attempt: number;
  /** The attempt was lost and replaced by another one. */
  isLost?: true;
}

/** One execution of a task. An attempt has several if one was lost before it could report how it ended. */
interface Execution {
  step: string;
  task: string;
  attempt: number;
  /** For attempts that have ended. */
  record?: TaskRecord;
  /** Another execution of the same attempt has ended. */
  isLost: boolean;
  /** Keys of the output it wrote while running, in order. */
  parts: string[];
  /** Epoch milliseconds. */
  started: number;
}

type Stream = LogLine['stream'];

/** Pause between two checks of a followed run. */
const INTERVAL_MS = 1_000;
/** Maximum share of the time spent on checks. */
const LOOKING_SHARE = 0.25;

/**
 * The output of a run's tasks, in the order in which they started, with stdout and stderr merged by time; for running
 * steps up to a few seconds ago.
 * @throws UserError if the run has no such step or task.
 */
export async function* runLogs(reader: RunReader, key: RunKey, filter: LogFilter = {}): AsyncGenerator<TaskLogLine> {
  const executions = await findExecutions(reader, key, filter);
  if (executions.length === 0) await checkFilter(reader, key, filter);
  for (const execution of executions) yield* new Tail().next(reader, key, execution);
}

/** The same for a run in progress: yields new lines until the run ends or the signal aborts. */
export async function* followLogs(
  reader: RunReader,
  key: RunKey,
  filter: LogFilter,
  signal: AbortSignal,
): AsyncGenerator<TaskLogLine> {
  // The run has ended, the signal aborted, or the reader stopped.
  const done = new AbortController();
  const end = () => done.abort();
  signal.addEventListener('abort', end);
  const following = untilTheEnd(reader, key, done.signal).finally(end);
  // The error is thrown below; until then it must not count as unhandled.
  following.catch(() => undefined);
  const tails = new Map<string, Tail>();
  try {
    for (let isLast = false; !isLast && !signal.aborted; ) {
      isLast = done.signal.aborted;
      const started = performance.now();
      for (const execution of await findExecutions(reader, key, filter)) {
        const name = nameOf(execution);
        const tail = tails.get(name) ?? new Tail();
        tails.set(name, tail);
        yield* tail.next(reader, key, execution);
      }
      const took = performance.now() - started;
      const wait = Math.max(INTERVAL_MS, took / LOOKING_SHARE - took);
      if (!isLast) await pause(wait, undefined, { signal: done.signal }).catch(() => undefined);
    }
    await following;
  } finally {
    end();
    signal.removeEventListener('abort', end);
  }
}

async function untilTheEnd(reader: RunReader, key: RunKey, signal: AbortSignal): Promise<void> {
  for await (const _ of followRun(reader, key, { signal }));
}

/** What has been shown of one execution. */
class Tail {
  /** Number of the last line, by stream. */
  readonly #shown: Record<Stream, number> = { stdout: 0, stderr: 0 };
  /** Last state of an unfinished line. */
  readonly #open: Record<Stream, string | undefined> = { stdout: undefined, stderr: undefined };
  /** Parts already read. */
  readonly #read = new Set<string>();
  #isDone = false;

  /** New output that is available. */
  async *next(reader: RunReader, key: RunKey, execution: Execution): AsyncGenerator<TaskLogLine> {
    if (this.#isDone) return;
    const whole = await wholeLog(reader, key, execution);
    this.#isDone = whole !== undefined;
    const { step, task, attempt, isLost } = execution;
    const place = { step, task, attempt, ...(isLost && { isLost }) };
    for (const { number, isOpen, ...line } of mergeLogs(whole ?? [await this.#newParts(reader, execution)])) {
      const { stream, text } = line;
      if (number > 0 && number <= this.#shown[stream]) continue;
      const state = this.#open[stream];
      this.#open[stream] = isOpen ? text : undefined;
      if (!isOpen) this.#shown[stream] = number;
      if (state === undefined || state !== lastState(text)) yield { ...place, ...line };
    }
  }

  async #newParts(reader: RunReader, { parts }: Execution): Promise<StoredLine[]> {
    const unread = parts.filter((part) => !this.#read.has(part));
    const logs = await mapParallel(unread, async (part) => {
      this.#read.add(part);
      const object = await reader.store.get(part);
      return parseLog(
        new TextDecoder().decode(object?.body),
        keys.logPart.parse(part)?.stream === 'stderr' ? 'stderr' : 'stdout',
      );
    });
    const lines = logs.flat();
    const isFollowed = (stream: Stream, index: number) => lines.slice(index + 1).some((line) => line.stream === stream);
    // Of an unfinished line only the last state is shown.
    return lines.filter(({ isOpen, stream }, index) => !isOpen || !isFollowed(stream, index));
  }
}

/** The log written at the end of an execution; undefined if it is missing or incomplete. */
async function wholeLog(
  reader: RunReader,
  { flow, run }: RunKey,
  { step, task, record }: Execution,
): Promise<StoredLine[][] | undefined> {
  if (record === undefined) return undefined;
  const logs = await mapParallel(record.logs ?? [], async (stream) => {
    const object = await reader.store.get(
      keys.metaflowLog({ flow, run, step, task, number: numberOfFiles(record), stream }),
    );
    return object && parseLog(new TextDecoder().decode(object.body), stream);
  });
  const found = logs.filter((log) => log !== undefined);
  return found.length === logs.length ? found : undefined;
}

function nameOf({ step, task, attempt, record, parts }: Execution): string {
  const by = record?.by ?? keys.logPart.parse(parts[0] ?? '')?.activation;
  return [step, task, attempt, by].join('/');
}

/** In the order in which they started. */
async function findExecutions(reader: RunReader, key: RunKey, filter: LogFilter): Promise<Execution[]> {
  // Parts are listed first: they are deleted when the complete log exists, so one of the two is always found.
  const running = await findParts(reader, key, filter);
  const records = (await findRecords(reader, key, filter)).filter(
    ({ attempt }) => filter.attempt === undefined || attempt === filter.attempt,
  );
  const ended = new Set<string>();
  const executions: Execution[] = records.map((record) => {
    const { step, task, attempt, by, started } = record;
    const name = [step, task, attempt].join('/');
    ended.add(name);
    const parts = running.get(`${name}/${by}`)?.parts ?? [];
    running.delete(`${name}/${by}`);
    return { step, task, attempt, record, parts, isLost: false, started };
  });
  for (const execution of running.values()) {
    const { step, task, attempt } = execution;
    executions.push({ ...execution, isLost: ended.has([step, task, attempt].join('/')) });
  }
  return executions.sort((a, b) => a.started - b.started || a.attempt - b.attempt);
}

async function findRecords(reader: RunReader, key: RunKey, { step, task, attempt }: LogFilter): Promise<TaskRecord[]> {
  const entries =
    step === undefined
      ? await reader.allTasks(key)
      : task === undefined
        ? await reader.tasks(key, step)
        : [await reader.task(key, step, task)].filter((entry) => entry !== undefined);
  const wanted = entries
    .filter((entry) => !entry.step.startsWith('_'))
    .map(({ failedAttempts, ...entry }) => ({
      ...entry,
      failedAttempts: failedAttempts.filter((number) => attempt === undefined || number === attempt),
    }));
  return (await mapParallel(wanted, (entry) => reader.attempts(key, entry))).flat();
}

/** Keyed by `step/task/attempt/activation`. */
async function findParts(reader: RunReader, key: RunKey, filter: LogFilter): Promise<Map<string, Execution>> {
  const { step, task } = filter;
  const below = [step, step && task].filter((name) => name !== undefined).map((name) => `${name}/`);
  const found = new Map<string, Execution>();
  for await (const { key: part, modified } of reader.store.list([prefixes.logs(key), ...below].join(''))) {
    const parsed = keys.logPart.parse(part);
    if (parsed === undefined) continue;
    const { step: stepName, task: taskName, attempt, activation: by } = parsed;
    if (filter.attempt !== undefined && attempt !== filter.attempt) continue;
    const name = [stepName, taskName, attempt, by].join('/');
    const execution = found.get(name) ?? {
      ...{ step: stepName, task: taskName, attempt, parts: [] },
      ...{ isLost: false, started: modified },
    };
    execution.parts.push(part);
    found.set(name, execution);
  }
  return found;
}

/** @throws UserError if the requested step or task does not exist */
async function checkFilter(reader: RunReader, key: RunKey, { step, task }: LogFilter): Promise<void> {
  if (step === undefined) return;
  await checkStep(reader, key, step);
  if (task === undefined) return;
  const tasks = (await reader.tasks(key, step)).map((entry) => entry.task);
  if (tasks.includes(task)) return;
  const near = suggest(task, tasks);
  throw new UserError(
    'unknown-task',
    `no task "${task}" of the step ${step} has output or has ended in the run ${key.flow}/${key.run}`,
    near === undefined ? `tasks so far: ${named(tasks, TASKS_NAMED_MAX)}` : `did you mean "${near}"?`,
  );
}

const TASKS_NAMED_MAX = 10;

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
