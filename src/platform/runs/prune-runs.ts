import { UserError } from '../../base/errors.ts';
import { keys, prefixes } from '../../contract/layout.generated.ts';
import type { CacheEntry, RunRecord, TaskRecord } from '../../contract/records.ts';
import { mapParallel } from '../s3/parallel.ts';
import type { ListedObject } from '../s3/store.ts';
import { liveRuns } from './live-runs.ts';
import type { RunReader } from './reader.ts';
import { type Candidate, type KeepReason, keptRuns, type RetentionRule, SETTLED_MS } from './retention.ts';

export interface PruneRule extends RetentionRule {
  /** Also deletes cache entries that were not used for this long; otherwise all usable entries stay. */
  cacheUnusedMs?: number;
}

export interface PrunedRun {
  run: string;
  /** Epoch milliseconds. */
  created: number;
  status: Candidate['status'];
}

/** What to delete of one flow. */
export interface FlowPrune {
  flow: string;
  /** Latest first. */
  runs: PrunedRun[];
  /** Number of runs kept, by reason. */
  kept: Partial<Record<KeepReason, number>>;
  /** Number of cache entries. */
  cacheEntries: number;
  /** Everything to delete: the objects of these runs and entries, and artifacts without references. */
  objects: number;
  bytes: number;
}

/** In deletion order. */
export interface PrunePlan {
  summary: FlowPrune;
  steps: { what: string; keys: string[] }[];
}

/**
 * Finds the runs of a flow that the rule selects, and the artifacts that nothing else refers to: no kept run,
 * including those of stock Metaflow, and no cache entry. Deletes nothing.
 */
export async function planPrune(reader: RunReader, flow: string, rule: PruneRule, nowMs: number): Promise<PrunePlan> {
  // First, so that runs that start later are not considered.
  const live = await liveRuns(reader.store, flow);
  const runs = await mapParallel(await reader.runIds(flow), (run) => readRun(reader, flow, run, live.has(run)));
  const begun = runs.filter((run) => run.record !== undefined);
  const kept = keptRuns(
    begun.map(({ candidate }) => candidate),
    rule,
    nowMs,
  );
  // Objects without a record belong to an interrupted prune or to a run that is just starting.
  const isDoomed = ({ candidate, record }: ReadRun) => {
    if (record !== undefined) return !kept.has(candidate.run);
    const isUnreadable = reader.isUnknown(keys.run({ flow, run: candidate.run }));
    return !isUnreadable && !candidate.isLive && isSettled(candidate.modified, nowMs);
  };
  const doomed = runs.filter(isDoomed);
  const left = runs.filter((run) => !isDoomed(run));
  const referred = new Set<string>();
  for (const run of runs) {
    if (isDoomed(run)) continue;
    await mapParallel(run.records, async (key) => refer(referred, await reader.read(key, 'TaskRecord')));
  }
  const entries = await readEntries(reader, flow);
  for (const { record } of entries) refer(referred, record);
  const tree = await readTree(reader, flow, new Set(runs.map(({ candidate }) => candidate.run)), referred);
  // The references of an unreadable record are unknown.
  const isKnown = ![...reader.unreadable, ...reader.ofOtherVersion].some((key) => isOfFlow(key, flow));
  const orphans = isKnown
    ? tree.artifacts.filter(({ sha, modified }) => !referred.has(sha) && isSettled(modified, nowMs))
    : [];
  const stale = entries.filter(
    ({ used, record }) =>
      used < nowMs - (rule.cacheUnusedMs ?? Number.POSITIVE_INFINITY) ||
      Object.values(record.objects).some((sha) => !tree.shas.has(sha)),
  );
  const runFile = (key: string) => keys.run.parse(key) !== undefined;
  const ours = doomed.flatMap(({ objects }) => objects);
  const parts: { what: string; objects: readonly Sized[] }[] = [
    // Without it, a run appears in no list.
    { what: 'records of runs', objects: ours.filter(({ key }) => runFile(key)) },
    { what: 'tasks and logs', objects: doomed.flatMap(({ candidate }) => tree.files.get(candidate.run) ?? []) },
    { what: 'cache entries', objects: stale },
    { what: 'artifacts', objects: orphans },
    { what: 'plans', objects: await unusedPlans(reader, flow, left, nowMs) },
    // Last, because they show the next prune that one was interrupted.
    { what: 'remaining objects of the runs', objects: ours.filter(({ key }) => !runFile(key)) },
  ];
  const all = parts.flatMap(({ objects }) => objects);
  return {
    summary: {
      flow,
      runs: doomed
        .filter(({ record }) => record !== undefined)
        .map(({ candidate: { run, created, status } }) => ({ run, created, status }))
        .sort((a, b) => b.created - a.created),
      kept: countReasons(kept.values()),
      cacheEntries: stale.length,
      objects: all.length,
      bytes: all.reduce((sum, { size }) => sum + size, 0),
    },
    steps: parts.map(({ what, objects }) => ({ what, keys: objects.map(({ key }) => key) })),
  };
}

/**
 * Deletes what was planned. It can be interrupted and repeated at any time: whatever remains is found by the next
 * plan.
 *
 * @throws UserError `run-needed` if one of the runs is needed after all
 */
export async function pruneRuns(
  reader: RunReader,
  { summary: { flow, runs }, steps }: PrunePlan,
  onProgress: (what: string, objects: number) => void,
): Promise<void> {
  const doomed = new Set(runs.map(({ run }) => run));
  for (const run of await liveRuns(reader.store, flow)) {
    const origin = (await reader.run({ flow, run }))?.origin?.run ?? run;
    const needed = [run, origin].find((name) => doomed.has(name));
    if (needed === undefined) continue;
    const message = `the run ${flow}/${needed} is needed by ${flow}/${run}, which has just started`;
    throw new UserError('run-needed', message, 'nothing of this flow was deleted; run prune again');
  }
  for (const { what, keys } of steps) {
    if (keys.length === 0) continue;
    onProgress(what, keys.length);
    await reader.store.deleteAll(keys);
  }
}

/** Flows that have something to prune. */
export async function prunedFlows(reader: RunReader): Promise<string[]> {
  const flows = new Set(await reader.flows());
  for await (const flow of reader.store.folders(prefixes.cache)) flows.add(flow);
  return [...flows].toSorted();
}

interface Sized {
  key: string;
  /** Bytes. */
  size: number;
}

interface ReadRun {
  candidate: Candidate;
  /** Absent if `run.json` is missing. */
  record: Pick<RunRecord, 'created' | 'bundle'> | undefined;
  objects: ListedObject[];
  /** Keys of its task records. */
  records: string[];
}

async function readRun(reader: RunReader, flow: string, run: string, isLive: boolean): Promise<ReadRun> {
  const prefix = prefixes.run({ flow, run });
  const objects = await listed(reader, prefix);
  const [record, result] = await Promise.all([reader.run({ flow, run }), reader.result({ flow, run })]);
  const status = result === undefined || result.status === 'running' ? 'lost' : result.status;
  const modified = objects.reduce((newest, object) => Math.max(newest, object.modified), 0);
  const origin = record?.origin?.run;
  return {
    candidate: {
      run,
      created: record?.created ?? 0,
      modified,
      isLive,
      status,
      ...(origin !== undefined && { origin }),
    },
    record,
    objects,
    records: objects.map(({ key }) => key).filter(isTaskRecord),
  };
}

/**
 * Plans that no run needs. Deploy writes the plan of each version: the latest one stays, for the runs that will be started; and
 * all stay if the version of a run is not known.
 */
async function unusedPlans(
  reader: RunReader,
  flow: string,
  left: readonly ReadRun[],
  nowMs: number,
): Promise<ListedObject[]> {
  if (left.some(({ record }) => record === undefined)) return [];
  const plans = await listed(reader, prefixes.flowPlans({ flow }));
  const latest = plans.reduce((newest, { modified }) => Math.max(newest, modified), 0);
  const needed = new Set(left.map(({ record }) => record && keys.plan({ flow, hash: record.bundle })));
  return plans.filter(({ key, modified }) => !needed.has(key) && modified < latest && isSettled(modified, nowMs));
}

async function readEntries(reader: RunReader, flow: string): Promise<(CacheEntry & Sized)[]> {
  const objects = await listed(reader, prefixes.flowCache({ flow }));
  const entries = await mapParallel(objects, async ({ key, size }) => {
    const entry = await reader.read(key, 'CacheEntry');
    return entry && { ...entry, key, size };
  });
  return entries.filter((entry) => entry !== undefined);
}

interface Tree {
  artifacts: (ListedObject & { sha: string })[];
  /** Keys of all artifacts. */
  shas: Set<string>;
  /** Metaflow's own files for our runs, by run. */
  files: Map<string, ListedObject[]>;
}

/** Metaflow's tree of a flow. References of runs that are not ours are added to the used ones. */
async function readTree(
  reader: RunReader,
  flow: string,
  ours: ReadonlySet<string>,
  referred: Set<string>,
): Promise<Tree> {
  const tree: Tree = { artifacts: [], shas: new Set(), files: new Map([...ours].map((run) => [run, []])) };
  const foreign: string[] = [];
  const prefix = prefixes.metaflowFlow({ flow });
  for await (const object of reader.store.list(prefix)) {
    const sha = keys.artifact.parse(object.key)?.sha;
    const run = object.key.slice(prefix.length).split('/', 1)[0] ?? '';
    if (sha !== undefined && SHA.test(sha)) {
      tree.artifacts.push({ ...object, sha });
      tree.shas.add(sha);
    } else if (ours.has(run)) tree.files.get(run)?.push(object);
    else if (isData(object.key)) foreign.push(object.key);
  }
  await mapParallel(foreign, async (key) => refer(referred, await reader.metaflowData(key)));
  return tree;
}

function isOfFlow(key: string, flow: string): boolean {
  const places = [prefixes.flow({ flow }), prefixes.flowCache({ flow }), prefixes.metaflowFlow({ flow })];
  return places.some((prefix) => key.startsWith(prefix));
}

function isTaskRecord(key: string): boolean {
  return keys.commit.parse(key) !== undefined || keys.failedAttempt.parse(key) !== undefined;
}

/** An artifact's SHA-1. */
const SHA = /^[0-9a-f]{40}$/;

/** Whether the object lists the artifacts of an attempt in a stock Metaflow run. */
function isData(key: string): boolean {
  return /^\d+$/.test(keys.metaflowData.parse(key)?.number ?? '');
}

function refer(referred: Set<string>, record: Pick<TaskRecord, 'objects'> | undefined): void {
  for (const sha of Object.values(record?.objects ?? {})) referred.add(sha);
}

function isSettled(modified: number, nowMs: number): boolean {
  return modified <= nowMs - SETTLED_MS;
}

async function listed(reader: RunReader, prefix: string): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const object of reader.store.list(prefix)) objects.push(object);
  return objects;
}

function countReasons(reasons: Iterable<KeepReason>): Partial<Record<KeepReason, number>> {
  const counts: Partial<Record<KeepReason, number>> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
