import { SystemError } from '../../base/errors.ts';
import type { RunFailure, RunResult } from '../../contract/envelope.ts';
import {
  isChild,
  isClaim,
  isFailure,
  isLive,
  isPool,
  isResult,
  isRunRecord,
  isTaskRecord,
  isWaiting,
  type Shape,
} from '../../contract/record-shapes.ts';
import {
  type ClaimRecord,
  INDEX_FOLDERS,
  LIVE_PREFIX,
  type LiveRecord,
  type RunRecord,
  runPrefix,
  type TaskRecord,
  type WaitingRecord,
} from '../../contract/records.ts';
import { DATASTORE_NAMES } from '../../language/model/reserved-names.ts';
import { mapParallel } from '../s3/parallel.ts';
import { getJson, type ListedObject, type Store } from '../s3/store.ts';

/** A run's coordinate. */
export interface RunKey {
  flow: string;
  run: string;
}

/** A task as the keys of its records tell it. */
export interface TaskEntry {
  step: string;
  task: string;
  committed: boolean;
  /** Attempts that failed and left a record of their own, for another one followed. */
  failedAttempts: number[];
  /** When the newest of its records was written, epoch milliseconds, to the second. */
  modified: number;
}

/** A run as the keys of its records tell it, without reading one. */
export interface RunListing {
  tasks: TaskEntry[];
  /** Tasks that opened a pool, as `step/task`. */
  pools: string[];
  /** Items that failed without failing the run, as `step/task/failed/item` of their pool. */
  failedItems: string[];
  /** Claims of items and joins, the latest first. */
  claims: ListedObject[];
  /** Records of the runs that its steps have started. */
  children: string[];
  /** How many tasks of a step were not executed but taken over. */
  reused: ReadonlyMap<string, number>;
  /** Which of these files are there, and since when (epoch milliseconds, to the second). */
  markers: Partial<Record<Marker, number>>;
}

const MARKERS = ['result.json', 'failed', 'cancelled', 'waiting'] as const;
type Marker = (typeof MARKERS)[number];

/** Records never change once they are written: this many are kept. One is some kilobytes. */
const RECORDS_MAX = 5_000;

const ROOT = '_nuvopipe/';
/** Below {@link ROOT} it holds the flows' wheels, and may be a flow's name all the same. */
const LAYERS = 'layers';
/** Likewise, but no flow may have these names: what is below has the names of flows. */
const INDEXES: ReadonlySet<string> = new Set(INDEX_FOLDERS);

/**
 * Reads what runs have left in the datastore; remembers what cannot change. An object under a record's key that is not a record
 * counts as absent, so that it breaks no listing.
 */
export class RunReader {
  readonly store: Store;
  /** Keys of objects that should be records and are not. */
  readonly unreadable = new Set<string>();
  readonly #records = new Map<string, unknown>();

  constructor(store: Store) {
    this.store = store;
  }

  async flows(): Promise<string[]> {
    const flows: string[] = [];
    for await (const name of this.store.folders(ROOT)) {
      if (DATASTORE_NAMES.has(name)) continue;
      if (INDEXES.has(name)) continue;
      if (name !== LAYERS || (await this.runIds(name)).length > 0) flows.push(name);
    }
    return flows;
  }

  async runIds(flow: string): Promise<string[]> {
    const runs: string[] = [];
    for await (const name of this.store.folders(runPrefix(flow, '').slice(0, -1))) runs.push(name);
    return runs;
  }

  /** The run's own record; its tags may change, so it is read every time. */
  run({ flow, run }: RunKey): Promise<RunRecord | undefined> {
    return this.read(runKey({ flow, run }), isRunRecord);
  }

  /** Records of all runs of a flow, the latest first. */
  async runs(flow: string): Promise<RunRecord[]> {
    const records = await mapParallel(await this.runIds(flow), (run) => this.run({ flow, run }));
    return records.filter((record) => record !== undefined).sort((a, b) => b.created - a.created);
  }

  async listing({ flow, run }: RunKey): Promise<RunListing> {
    const prefix = runPrefix(flow, run);
    const tasks = new Map<string, TaskEntry>();
    const pools: string[] = [];
    const failedItems: string[] = [];
    const claims: ListedObject[] = [];
    const children: string[] = [];
    const reused = new Map<string, number>();
    const markers: RunListing['markers'] = {};
    for await (const object of this.store.list(prefix)) {
      const { key, modified } = object;
      const [kind = '', step = '', task = '', file = '', item] = key.slice(prefix.length).split('/');
      if (kind === 'tasks') addRecord(tasks, step, task, file, modified);
      else if (kind === 'pools' && file === 'open') pools.push(`${step}/${task}`);
      else if (kind === 'pools' && file === 'failed') failedItems.push(`${step}/${task}/failed/${item}`);
      else if (kind === 'pools' && (file === 'claims' || file === 'join')) claims.push(object);
      else if (kind === 'children') children.push(key);
      else if (kind === 'reused') reused.set(step, (reused.get(step) ?? 0) + 1);
      else if (isMarker(kind)) markers[kind] = modified;
    }
    claims.sort((a, b) => b.modified - a.modified);
    return { tasks: [...tasks.values()], pools, failedItems, claims, children, reused, markers };
  }

  /** The tasks of all steps. */
  allTasks(key: RunKey): Promise<TaskEntry[]> {
    return this.#taskEntries(`${runPrefix(key.flow, key.run)}tasks/`, '');
  }

  /** The tasks of one step, in the order of their names. */
  tasks(key: RunKey, step: string): Promise<TaskEntry[]> {
    return this.#taskEntries(`${runPrefix(key.flow, key.run)}tasks/`, `${step}/`);
  }

  async task(key: RunKey, step: string, task: string): Promise<TaskEntry | undefined> {
    return (await this.#taskEntries(`${runPrefix(key.flow, key.run)}tasks/`, `${step}/${task}/`))[0];
  }

  async #taskEntries(folder: string, rest: string): Promise<TaskEntry[]> {
    const tasks = new Map<string, TaskEntry>();
    for await (const { key, modified } of this.store.list(folder + rest)) {
      const [step = '', task = '', file = ''] = key.slice(folder.length).split('/');
      addRecord(tasks, step, task, file, modified);
    }
    return [...tasks.values()];
  }

  async steps({ flow, run }: RunKey): Promise<string[]> {
    const steps: string[] = [];
    for await (const step of this.store.folders(`${runPrefix(flow, run)}tasks/`)) steps.push(step);
    return steps;
  }

  /** The record of the committed attempt. */
  commit(key: RunKey, step: string, task: string): Promise<TaskRecord | undefined> {
    return this.#immutable(`${runPrefix(key.flow, key.run)}tasks/${step}/${task}/commit`, isTaskRecord);
  }

  /** Records of all attempts of a task, by attempt; the committed one is the last of its number. */
  async attempts(key: RunKey, entry: TaskEntry): Promise<TaskRecord[]> {
    const folder = `${runPrefix(key.flow, key.run)}tasks/${entry.step}/${entry.task}/`;
    const names = [
      ...entry.failedAttempts.map((attempt) => `failed-${attempt}`),
      ...(entry.committed ? ['commit'] : []),
    ];
    const records = await mapParallel(names, (name) => this.#immutable(folder + name, isTaskRecord));
    return records.filter((record) => record !== undefined).sort((a, b) => a.attempt - b.attempt);
  }

  /** How many items the pool has that this task (`step/task`) opened. */
  async poolItems(key: RunKey, opener: string): Promise<number> {
    const pool = await this.#immutable(`${runPrefix(key.flow, key.run)}pools/${opener}/open`, isPool);
    return pool?.items ?? 0;
  }

  /** Why an item failed without failing the run; `item` as {@link RunListing.failedItems} has it. */
  failedItem({ flow, run }: RunKey, item: string): Promise<RunFailure | undefined> {
    return this.#immutable(`${runPrefix(flow, run)}pools/${item}`, isFailure);
  }

  result({ flow, run }: RunKey): Promise<RunResult | undefined> {
    return this.#immutable(resultKey({ flow, run }), isResult);
  }

  /** Why the run failed, as long as it has no result yet. */
  failure({ flow, run }: RunKey): Promise<RunFailure | undefined> {
    return this.#immutable(`${runPrefix(flow, run)}failed`, isFailure);
  }

  cancelled({ flow, run }: RunKey): Promise<boolean> {
    return this.store.exists(`${runPrefix(flow, run)}cancelled`);
  }

  /** That the platform takes no more sessions, as the run has met it last. */
  waiting({ flow, run }: RunKey): Promise<WaitingRecord | undefined> {
    return this.read(`${runPrefix(flow, run)}waiting`, isWaiting);
  }

  /** Of the index; only runs that are not over have one. */
  live({ flow, run }: RunKey): Promise<LiveRecord | undefined> {
    return this.read(`${LIVE_PREFIX}${flow}/${run}`, isLive);
  }

  /** Whether a run that a step has started is not over. */
  async isChildLive(key: string): Promise<boolean> {
    const child = await this.#immutable(key, isChild);
    return child !== undefined && (await this.live(child)) !== undefined;
  }

  claim(key: string): Promise<ClaimRecord | undefined> {
    return this.read(key, isClaim);
  }

  /** A record of that shape; undefined if there is none. */
  async read<T>(key: string, isOfShape: Shape<T>): Promise<T | undefined> {
    const record = await getJson<Record<string, unknown>>(this.store, key).catch((error: unknown) => {
      if (error instanceof SystemError && error.code === 'unreadable-record') return {};
      throw error;
    });
    if (record === undefined || isOfShape(record)) return record;
    this.unreadable.add(key);
    return undefined;
  }

  async #immutable<T>(key: string, isOfShape: Shape<T>): Promise<T | undefined> {
    const known = this.#records.get(key);
    if (known !== undefined) return known as T;
    const record = await this.read(key, isOfShape);
    if (record !== undefined) {
      this.#records.set(key, record);
      const oldest = this.#records.keys().next();
      if (this.#records.size > RECORDS_MAX && oldest.done === false) this.#records.delete(oldest.value);
    }
    return record;
  }
}

export function runKey({ flow, run }: RunKey): string {
  return `${runPrefix(flow, run)}run.json`;
}

export function resultKey({ flow, run }: RunKey): string {
  return `${runPrefix(flow, run)}result.json`;
}

function isMarker(name: string): name is Marker {
  return (MARKERS as readonly string[]).includes(name);
}

function addRecord(tasks: Map<string, TaskEntry>, step: string, task: string, file: string, modified: number): void {
  const failed = /^failed-(\d+)$/.exec(file)?.[1];
  if (file !== 'commit' && failed === undefined) return;
  const name = `${step}/${task}`;
  const entry = tasks.get(name) ?? { step, task, committed: false, failedAttempts: [], modified };
  if (failed === undefined) entry.committed = true;
  else entry.failedAttempts.push(Number(failed));
  entry.modified = Math.max(entry.modified, modified);
  tasks.set(name, entry);
}
