import { metaflowAttempt, type RunRecord, type TaskRecord } from '../../contract/records.ts';

/**
 * Records as Metaflow's metadata service shows them (`metadata_provider/metadata.py`, `_…_to_json`). Ids are strings: the
 * client takes `run_number` and `task_id` as they are. Tags are the run's, on everything in it.
 */

interface Tagged {
  flow_id: string;
  user_name: string;
  tags: string[];
  system_tags: string[];
  /** Epoch milliseconds. */
  ts_epoch: number;
}

export interface RunObject extends Tagged {
  run_number: string;
}

export interface StepObject extends RunObject {
  step_name: string;
}

export interface TaskView extends StepObject {
  task_id: string;
}

export interface ArtifactView extends TaskView {
  attempt_id: number;
  name: string;
  content_type: string;
  type: 'metaflow.artifact';
  sha: string;
  ds_type: 's3';
  location: string;
}

export interface MetadataView {
  flow_id: string;
  run_number: string;
  step_name: string;
  task_id: string;
  field_name: string;
  value: string;
  type: string;
  tags: string[];
  user_name: string;
  ts_epoch: number;
}

/** Metaflow shows no time of a flow: it is older than all its runs. */
export function flowView(flow: string): { flow_id: string; ts_epoch: number } {
  return { flow_id: flow, ts_epoch: 0 };
}

export function runView(run: RunRecord): RunObject {
  return {
    flow_id: run.flow,
    run_number: run.run,
    user_name: run.user,
    tags: run.tags,
    system_tags: run.system_tags,
    ts_epoch: run.created,
  };
}

/** A step begins with its first task. */
export function stepView(run: RunRecord, step: string, firstStarted: number): StepObject {
  return { ...runView(run), step_name: step, ts_epoch: firstStarted };
}

export function taskView(run: RunRecord, record: TaskRecord): TaskView {
  return { ...stepView(run, record.step, record.started), task_id: record.task };
}

export function artifactView(run: RunRecord, record: TaskRecord, name: string, root: string): ArtifactView {
  const info = record.info[name];
  return {
    ...taskView(run, record),
    attempt_id: record.attempt,
    name,
    content_type: info && 'encoding' in info ? info.encoding : '',
    type: 'metaflow.artifact',
    sha: record.objects[name] ?? '',
    ds_type: 's3',
    location: `:root:${root}`,
    ts_epoch: record.ended,
  };
}

/** What Metaflow itself wrote, and what its client cannot do without when the task's process was lost before it wrote. */
export function metadataViews(run: RunRecord, record: TaskRecord, root: string): MetadataView[] {
  const { ts_epoch: _, tags: __, system_tags: ___, ...place } = taskView(run, record);
  const written = record.metadata.map((datum) => ({ ...place, ...datum }));
  const needed: [name: string, value: string, at: number][] = [
    ['attempt', String(record.attempt), record.started],
    ['ds-type', 's3', record.started],
    ['ds-root', root, record.started],
    ['attempt_ok', record.ok ? 'True' : 'False', record.ended],
    ['attempt-done', String(record.attempt), record.ended],
  ];
  const tags = [`attempt_id:${record.attempt}`];
  const added = needed
    .filter(([name]) => !record.metadata.some(({ field_name }) => field_name === name))
    .map(([name, value, ts_epoch]) => {
      const type = name === 'attempt_ok' ? 'internal_attempt_status' : name;
      return { ...place, field_name: name, value, type, tags, ts_epoch };
    });
  return [...written, ...added];
}

/** A record with the number by which the client knows its attempt; nothing where it knows it by none. */
export function asMetaflowKnows(record: TaskRecord): TaskRecord[] {
  const attempt = metaflowAttempt(record);
  if (attempt === undefined) return [];
  if (attempt === record.attempt) return [record];
  const tag = `attempt_id:${record.attempt}`;
  const metadata = record.metadata
    .filter(({ field_name }) => !field_name.startsWith('attempt') || field_name === 'attempt_ok')
    .map((datum) => ({ ...datum, tags: datum.tags.map((other) => (other === tag ? `attempt_id:${attempt}` : other)) }));
  return [{ ...record, attempt, metadata }];
}
