import { named } from '../../base/counts.ts';
import { UserError } from '../../base/errors.ts';
import { versionOf } from '../../contract/names.ts';
import type { Next } from '../../contract/plan.ts';
import type { RunRecord, TaskRecord } from '../../contract/records.ts';
import { mapParallel } from '../s3/parallel.ts';
import type { RunKey, RunReader } from './reader.ts';
import { checkStep } from './run-logs.ts';
import { handlersOf } from './run-status.ts';

/** Maximum number of tasks checked if none is named. */
const TASKS_MAX = 200;

/** Maximum number of earlier runs searched for a comparison. */
const RUNS_MAX = 20;

/** A part of a cached step's key that changed. */
export type Change =
  | { part: 'code' | 'environment' | 'secrets' | 'place' }
  /** First digits of an input's hash; absent if it is new or gone. */
  | { part: 'input'; name: string; now?: string; was?: string };

/** Why a task was or was not executed. Tasks are pathspecs, runs are `Flow/run`. */
export type ExecutionReason =
  | { kind: 'cached' | 'resumed'; from: string }
  /** The step has no `cache: true`. */
  | { kind: 'not-cached' }
  /** No earlier run has a comparable task. */
  | { kind: 'first' }
  | { kind: 'changed'; since: string; changes: Change[] }
  /** The key matches a failed task, and failures are not cached. */
  | { kind: 'failed-before'; since: string }
  /** The key matches an earlier task that was not in the cache. */
  | { kind: 'not-kept'; since: string }
  /** The run resumes another one from this step or an earlier one: nothing is reused, not even from the cache. */
  | { kind: 'done-again'; step: string }
  /** In the resumed run the task failed or does not exist. */
  | { kind: 'missing'; in: string }
  /** The version of the resumed run does not have the step. */
  | { kind: 'new'; in: string; version: string }
  /**
   * The task succeeded there, but this run's version of the flow does not have the steps to which it led. `next`: what follows
   * the step in this version; absent if its plan is not in the datastore.
   */
  | { kind: 'unfit'; in: string; was: string; now: string; next?: Next }
  /** It is a step of `onFailure`, and the run failed. */
  | { kind: 'handler' }
  /** A task before it was executed anew, though the run resumes another. */
  | { kind: 'after'; task: string };

export interface TaskWhy {
  task: string;
  executed: boolean;
  /** In execution order; at least one. */
  reasons: ExecutionReason[];
}

export interface StepWhy extends RunKey {
  step: string;
  tasks: TaskWhy[];
  /** Number of tasks that were not checked. */
  others: number;
}

/**
 * Explains for the tasks of a step why they were or were not executed, from the records of this run and earlier ones.
 * @throws UserError `unknown-step`, `unknown-task`
 */
export async function whyStep(reader: RunReader, key: RunKey, step: string, task?: string): Promise<StepWhy> {
  await checkStep(reader, key, step);
  const ended = (await reader.tasks(key, step))
    .flatMap((entry) => (entry.committed ? [entry.task] : []))
    .sort(byNumbers);
  if (task !== undefined && !ended.includes(task)) {
    const message = `no task "${task}" of the step "${step}" has ended in the run ${key.flow}/${key.run}`;
    throw new UserError('unknown-task', message, `tasks: ${named(ended) || 'none so far'}`);
  }
  const looked = task === undefined ? ended.slice(0, TASKS_MAX) : [task];
  const run = (await reader.run(key)) as RunRecord;
  const earlier = new Earlier(reader, run);
  const tasks = await mapParallel(looked, async (name) => {
    const record = await reader.commit(key, step, name);
    return record && whyTask(reader, run, record, earlier);
  });
  return {
    ...key,
    step,
    tasks: tasks.filter((one) => one !== undefined),
    others: task === undefined ? ended.length - looked.length : 0,
  };
}

async function whyTask(reader: RunReader, run: RunRecord, record: TaskRecord, earlier: Earlier): Promise<TaskWhy> {
  const { task, origin, cached } = record;
  if (origin !== undefined) return { task, executed: false, reasons: [{ kind: 'resumed', from: origin }] };
  if (cached !== undefined) return { task, executed: false, reasons: [{ kind: 'cached', from: cached }] };
  const resumes = await whyNotResumed(reader, run, record);
  const isDoneAgain = resumes?.kind === 'done-again';
  const reasons = [...(resumes ? [resumes] : []), ...(isDoneAgain ? [] : [await whyNotCached(record, earlier)])];
  // That a step is not cached only matters if nothing else could have avoided its execution.
  const telling = reasons.filter(({ kind }) => kind !== 'not-cached');
  return { task, executed: true, reasons: telling.length > 0 ? telling : reasons };
}

async function whyNotCached(record: TaskRecord, earlier: Earlier): Promise<ExecutionReason> {
  if (!record.cache) return { kind: 'not-cached' };
  const before = await earlier.find(record);
  if (!before?.cache) return { kind: 'first' };
  const since = `${before.flow}/${before.run}`;
  if (before.cache.key !== record.cache.key) return { kind: 'changed', since, changes: changesOf(record, before) };
  return { kind: before.ok ? 'not-kept' : 'failed-before', since };
}

async function whyNotResumed(
  reader: RunReader,
  { flow, origin, bundle }: RunRecord,
  record: TaskRecord,
): Promise<ExecutionReason | undefined> {
  if (!origin) return undefined;
  const plan = await reader.plan({ flow, bundle });
  if (plan && handlersOf(plan).has(record.step)) return { kind: 'handler' };
  if (origin.from === record.step) return { kind: 'done-again', step: origin.from };
  const parents = await mapParallel(record.parents, async (parent) => {
    const [run = '', step = '', task = ''] = parent.split('/');
    const before = await reader.commit({ flow, run }, step, task);
    return before && before.origin === undefined ? parent : undefined;
  });
  const anew = parents.find((parent) => parent !== undefined);
  if (anew !== undefined) return { kind: 'after', task: `${flow}/${anew}` };
  const there = await reader.commit({ flow, run: origin.run }, record.step, record.task);
  const resumed = await reader.run({ flow, run: origin.run });
  const known = { in: `${flow}/${origin.run}` };
  if (!there?.ok) {
    const before = resumed && (await reader.plan(resumed));
    const isNew = before !== undefined && !Object.hasOwn(before.steps, record.step);
    return isNew ? { kind: 'new', ...known, version: versionOf(before.hash) } : { kind: 'missing', ...known };
  }
  const next = plan?.steps[record.step]?.next;
  const was = versionOf(resumed?.bundle ?? bundle);
  return { kind: 'unfit', ...known, was, now: versionOf(bundle), ...(next && { next }) };
}

function changesOf({ cache: now }: TaskRecord, { cache: was }: TaskRecord): Change[] {
  if (!now || !was) return [];
  const parts = (['code', 'environment', 'secrets', 'place'] as const).filter(
    (part) => now.parts[part] !== was.parts[part],
  );
  const names = [...new Set([...Object.keys(now.parts.inputs), ...Object.keys(was.parts.inputs)])].sort();
  const inputs = names.flatMap((name): Change[] => {
    const [current, former] = [now.parts.inputs[name], was.parts.inputs[name]];
    if (current === former) return [];
    return [{ part: 'input', name, ...(current && { now: current }), ...(former && { was: former }) }];
  });
  return [...parts.map((part): Change => ({ part })), ...inputs];
}

/** Earlier runs, latest first. */
class Earlier {
  readonly #reader: RunReader;
  readonly #runs: Promise<string[]>;

  constructor(reader: RunReader, { flow, run, created }: RunRecord) {
    this.#reader = reader;
    this.#runs = reader.runs(flow).then((runs) =>
      runs
        .filter((each) => each.run !== run && each.created <= created)
        .slice(0, RUNS_MAX)
        .map((each) => each.run),
    );
  }

  /** The same task in the nearest of them in which the step was cached. */
  async find({ flow, step, task }: TaskRecord): Promise<TaskRecord | undefined> {
    for (const run of await this.#runs) {
      const record = await this.#reader.commit({ flow, run }, step, task);
      if (record?.cache) return record;
    }
    return undefined;
  }
}

/** `t-2` before `t-10`. */
function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
