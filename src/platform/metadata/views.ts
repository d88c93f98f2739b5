import { metaflowAttempt, type RunRecord, type TaskRecord } from '../../contract/records.ts';

/**
 * Records in the form of Metaflow's metadata service (`metadata_provider/metadata.py`, `_…_to_json`). IDs are
 * strings, which the client does not convert. Everything in a run has the run's tags.
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
  value: unknown;
  type: string;
  tags: string[];
  user_name: string;
  ts_epoch: number;
}

/** Metaflow shows no time for a flow: it is older than all its runs. */
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

/** A step starts with its first task. */
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

/** What Metaflow itself wrote, plus what its client requires if the process was lost before writing it. */
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

/** A record with its attempt number for the client; undefined if the client does not list it. */
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
