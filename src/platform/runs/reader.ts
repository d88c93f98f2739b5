import { SystemError, UserError } from '../../base/errors.ts';
import type { RunFailure, RunResult } from '../../contract/envelope.ts';
import { keys, LAYERS_NAME, prefixes, RESERVED_FLOW_NAMES } from '../../contract/layout.generated.ts';
import { parseKey } from '../../contract/parse-key.ts';
import type { Plan } from '../../contract/plan.ts';
import type { FormatName, ReadFormats } from '../../contract/read-format.ts';
import type { ClaimRecord, LiveRecord, RunRecord, TaskRecord, WaitingRecord } from '../../contract/records.ts';
import { mapParallel } from '../s3/parallel.ts';
import { OTHER_VERSION, readRecord } from '../s3/read-record.ts';
import { getJson, type ListedObject, type Store, UNREADABLE_RECORD } from '../s3/store.ts';

/** A run's coordinate. */
export interface RunKey {
  flow: string;
  run: string;
}

/** A task, as known from the keys of its records. */
export interface TaskEntry {
  step: string;
  task: string;
  committed: boolean;
  /** Failed attempts that were repeated and have their own record. */
  failedAttempts: number[];
  /** Time of its newest record, epoch milliseconds, with a precision of seconds. */
  modified: number;
}

/** A run, as known from the keys of its records. */
export interface RunListing {
  tasks: TaskEntry[];
  /** Tasks that opened a pool, as `step/task`. */
  pools: string[];
  /** Keys of item failures that did not fail the run. */
  failedItems: string[];
  /** Claims of items and joins, latest first. */
  claims: ListedObject[];
  /** Records of the runs started by its steps. */
  children: string[];
  /** Number of reused tasks of a step. */
  reused: ReadonlyMap<string, number>;
  /** Which of these files exist, and since when (epoch milliseconds, with a precision of seconds). */
  markers: Partial<Record<Marker, number>>;
}

const MARKERS = ['result', 'failed', 'cancelled', 'waiting'] as const;
type Marker = (typeof MARKERS)[number];

/** Maximum number of cached records, which never change; one takes a few kilobytes. */
const RECORDS_MAX = 5_000;

/**
 * Reads the runs in the datastore and caches what cannot change. Invalid records count as absent, so that they do not
 * break listings.
 */
export class RunReader {
  readonly store: Store;
  /** Keys of objects that are not valid records. */
  readonly unreadable = new Set<string>();
  /** Keys of records that another version of nuvopipe wrote. */
  readonly ofOtherVersion = new Set<string>();
  readonly #records = new Map<string, unknown>();

  constructor(store: Store) {
    this.store = store;
  }

  async flows(): Promise<string[]> {
    const flows: string[] = [];
    for await (const name of this.store.folders(prefixes.root)) {
      if (RESERVED_FLOW_NAMES.has(name)) continue;
      if (name !== LAYERS_NAME || (await this.runIds(name)).length > 0) flows.push(name);
    }
    return flows;
  }

  async runIds(flow: string): Promise<string[]> {
    const runs: string[] = [];
    for await (const name of this.store.folders(prefixes.flow({ flow }))) runs.push(name);
    return runs;
  }

  /** The run's own record, which is read every time because its tags can change. */
  run({ flow, run }: RunKey): Promise<RunRecord | undefined> {
    return this.read(keys.run({ flow, run }), 'RunRecord');
  }

  /** The plan that a run follows; undefined if deploy did not keep it, or it was deleted. */
  plan({ flow, bundle }: Pick<RunRecord, 'flow' | 'bundle'>): Promise<Plan | undefined> {
    return this.#immutable(keys.plan({ flow, hash: bundle }), 'Plan');
  }

  /** Records of all runs of a flow, latest first. */
  async runs(flow: string): Promise<RunRecord[]> {
    const records = await mapParallel(await this.runIds(flow), (run) => this.run({ flow, run }));
    return records.filter((record) => record !== undefined).sort((a, b) => b.created - a.created);
  }

  async listing({ flow, run }: RunKey): Promise<RunListing> {
    const tasks = new Map<string, TaskEntry>();
    const pools: string[] = [];
    const failedItems: string[] = [];
    const claims: ListedObject[] = [];
    const children: string[] = [];
    const reused = new Map<string, number>();
    const markers: RunListing['markers'] = {};
    for await (const object of this.store.list(prefixes.run({ flow, run }))) {
      const parsed = parseKey(object.key);
      if (parsed === undefined) continue;
      if (parsed.name === 'commit' || parsed.name === 'failedAttempt') addRecord(tasks, parsed, object.modified);
      else if (parsed.name === 'poolOpen') pools.push(`${parsed.opener}/${parsed.task}`);
      else if (parsed.name === 'failedItem') failedItems.push(object.key);
      else if (parsed.name === 'poolClaim' || parsed.name === 'poolJoin') claims.push(object);
      else if (parsed.name === 'child') children.push(object.key);
      else if (parsed.name === 'reused') reused.set(parsed.step, (reused.get(parsed.step) ?? 0) + 1);
      else if (isMarker(parsed.name)) markers[parsed.name] = object.modified;
    }
    claims.sort((a, b) => b.modified - a.modified);
    return { tasks: [...tasks.values()], pools, failedItems, claims, children, reused, markers };
  }

  /** The tasks of all steps. */
  allTasks(key: RunKey): Promise<TaskEntry[]> {
    return this.#taskEntries(prefixes.tasks(key));
  }

  /** The tasks of one step, in the order of their names. */
  tasks(key: RunKey, step: string): Promise<TaskEntry[]> {
    return this.#taskEntries(prefixes.step({ ...key, step }));
  }

  async task(key: RunKey, step: string, task: string): Promise<TaskEntry | undefined> {
    return (await this.#taskEntries(prefixes.task({ ...key, step, task })))[0];
  }

  async #taskEntries(prefix: string): Promise<TaskEntry[]> {
    const tasks = new Map<string, TaskEntry>();
    for await (const { key, modified } of this.store.list(prefix)) {
      const parsed = parseKey(key);
      if (parsed?.name === 'commit' || parsed?.name === 'failedAttempt') addRecord(tasks, parsed, modified);
    }
    return [...tasks.values()];
  }

  async steps({ flow, run }: RunKey): Promise<string[]> {
    const steps: string[] = [];
    for await (const step of this.store.folders(prefixes.tasks({ flow, run }))) steps.push(step);
    return steps;
  }

  /** The record of the committed attempt. */
  commit(key: RunKey, step: string, task: string): Promise<TaskRecord | undefined> {
    return this.#immutable(keys.commit({ ...key, step, task }), 'TaskRecord');
  }

  /** Records of all attempts of a task, by attempt; the committed one is the last of its number. */
  async attempts(key: RunKey, entry: TaskEntry): Promise<TaskRecord[]> {
    const place = { ...key, step: entry.step, task: entry.task };
    const found = [
      ...entry.failedAttempts.map((attempt) => keys.failedAttempt({ ...place, attempt })),
      ...(entry.committed ? [keys.commit(place)] : []),
    ];
    const records = await mapParallel(found, (each) => this.#immutable(each, 'TaskRecord'));
    return records.filter((record) => record !== undefined).sort((a, b) => a.attempt - b.attempt);
  }

  /** How many items the pool has that this task (`step/task`) opened. */
  async poolItems(key: RunKey, opener: string): Promise<number> {
    const [step = '', task = ''] = opener.split('/');
    const pool = await this.#immutable(keys.poolOpen({ ...key, opener: step, task }), 'PoolRecord');
    return pool?.items ?? 0;
  }

  /** Why an item failed without failing the run; one of {@link RunListing.failedItems}. */
  failedItem(key: string): Promise<RunFailure | undefined> {
    return this.#immutable(key, 'RunFailure');
  }

  result({ flow, run }: RunKey): Promise<RunResult | undefined> {
    return this.#immutable(keys.result({ flow, run }), 'RunResult');
  }

  /** Why the run failed, as long as it has no result yet. */
  failure({ flow, run }: RunKey): Promise<RunFailure | undefined> {
    return this.#immutable(keys.failed({ flow, run }), 'RunFailure');
  }

  cancelled({ flow, run }: RunKey): Promise<boolean> {
    return this.store.exists(keys.cancelled({ flow, run }));
  }

  /** That the platform takes no more sessions, as the run has met it last. */
  waiting({ flow, run }: RunKey): Promise<WaitingRecord | undefined> {
    return this.read(keys.waiting({ flow, run }), 'WaitingRecord');
  }

  /** Part of the index, which only contains runs that have not ended. */
  live({ flow, run }: RunKey): Promise<LiveRecord | undefined> {
    return this.read(keys.live({ flow, run }), 'LiveRecord');
  }

  /** Whether a run started by a step has not ended. */
  async isChildLive(key: string): Promise<boolean> {
    const child = await this.#immutable(key, 'ChildRecord');
    return child !== undefined && (await this.live(child)) !== undefined;
  }

  claim(key: string): Promise<ClaimRecord | undefined> {
    return this.read(key, 'ClaimRecord');
  }

  /** A record of that format; undefined if there is none that this version of nuvopipe can read. */
  async read<F extends FormatName>(key: string, format: F): Promise<ReadFormats[F] | undefined> {
    try {
      return await readRecord(this.store, key, format);
    } catch (error) {
      if (error instanceof SystemError && error.code === UNREADABLE_RECORD) this.unreadable.add(key);
      else if (error instanceof UserError && error.code === OTHER_VERSION) this.ofOtherVersion.add(key);
      else throw error;
      return undefined;
    }
  }

  /** Which artifacts Metaflow's own `data.json` of a task names; undefined if there is none that can be read. */
  async metaflowData(key: string): Promise<Pick<TaskRecord, 'objects'> | undefined> {
    const data = await getJson(this.store, key).catch((error: unknown) => {
      if (error instanceof SystemError && error.code === UNREADABLE_RECORD) return {};
      throw error;
    });
    if (data === undefined || hasObjects(data)) return data;
    this.unreadable.add(key);
    return undefined;
  }

  /** Whether there is an object under a record's key that was read before, and could not be. */
  isUnknown(key: string): boolean {
    return this.unreadable.has(key) || this.ofOtherVersion.has(key);
  }

  async #immutable<F extends FormatName>(key: string, format: F): Promise<ReadFormats[F] | undefined> {
    const known = this.#records.get(key);
    if (known !== undefined) return known as ReadFormats[F];
    const record = await this.read(key, format);
    if (record !== undefined) {
      this.#records.set(key, record);
      const oldest = this.#records.keys().next();
      if (this.#records.size > RECORDS_MAX && oldest.done === false) this.#records.delete(oldest.value);
    }
    return record;
  }
}

function hasObjects(data: object): data is Pick<TaskRecord, 'objects'> {
  return 'objects' in data && typeof data.objects === 'object' && data.objects !== null && !Array.isArray(data.objects);
}

function isMarker(name: string): name is Marker {
  return (MARKERS as readonly string[]).includes(name);
}

interface RecordParts {
  step: string;
  task: string;
  /** Absent for the committed attempt. */
  attempt?: number;
}

function addRecord(tasks: Map<string, TaskEntry>, { step, task, attempt }: RecordParts, modified: number): void {
  const name = `${step}/${task}`;
  const entry = tasks.get(name) ?? { step, task, committed: false, failedAttempts: [], modified };
  if (attempt === undefined) entry.committed = true;
  else entry.failedAttempts.push(attempt);
  entry.modified = Math.max(entry.modified, modified);
  tasks.set(name, entry);
}
