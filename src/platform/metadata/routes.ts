import { runInNewContext } from 'node:vm';
import { keys } from '../../contract/layout.generated.ts';
import type { RunRecord, TaskRecord } from '../../contract/records.ts';
import type { RunKey, RunReader, TaskEntry } from '../runs/reader.ts';
import { mapParallel } from '../s3/parallel.ts';
import { readRecord } from '../s3/read-record.ts';
import type { MetadataReply } from './reply.ts';
import { mutateTags } from './tags.ts';
import { artifactView, asMetaflowKnows, flowView, metadataViews, runView, stepView, taskView } from './views.ts';

/** Version of Metaflow's metadata service that its client accepts for tags, attempts and filtered tasks. */
export const SERVICE_VERSION = '2.5.0';

export interface MetadataRequest {
  method: string;
  /** Decoded parts of the path. */
  path: string[];
  query: URLSearchParams;
  body: unknown;
}

const notFound: MetadataReply = { status: 404, body: { message: 'not found' } };

function found(body: unknown): MetadataReply {
  return body === undefined ? notFound : { status: 200, body };
}

type Handler = (reader: RunReader, parts: string[], request: MetadataRequest) => Promise<MetadataReply>;

/** `*` is a path part passed to the handler. As in the service's API, without routes that only write. */
const ROUTES: readonly [route: string, handler: Handler][] = [
  ['GET ping', async () => ({ status: 200, body: 'pong' })],
  ['GET flows', async (reader) => found((await reader.flows()).map(flowView))],
  ['GET flows/*', (reader, [flow = '']) => getFlow(reader, flow)],
  ['GET flows/*/runs', async (reader, [flow = '']) => found((await reader.runs(flow)).map(runView))],
  ['GET flows/*/runs/*', inRun(async (_, run) => found(runView(run)))],
  [
    'PATCH flows/*/runs/*/tag/mutate',
    (reader, [flow = '', run = ''], { body }) => mutateTags(reader, { flow, run }, body),
  ],
  ['GET flows/*/runs/*/steps', inRun(getSteps)],
  ['GET flows/*/runs/*/steps/*', inRun(getStep)],
  ['GET flows/*/runs/*/steps/*/tasks', inRun(getTasks)],
  ['GET flows/*/runs/*/steps/*/filtered_tasks', inRun(getFilteredTasks)],
  [
    'GET flows/*/runs/*/steps/*/tasks/*',
    inTask(async (run, attempts) => found(attempts[0] && taskView(run, attempts[0]))),
  ],
  ['GET flows/*/runs/*/steps/*/tasks/*/metadata', inTask(getMetadata)],
  ['GET flows/*/runs/*/steps/*/tasks/*/artifacts', inTask(getArtifacts)],
  ['GET flows/*/runs/*/steps/*/tasks/*/attempt/*/artifacts', inTask(getArtifacts)],
  ['GET flows/*/runs/*/steps/*/tasks/*/artifacts/*', inTask(getArtifact)],
  ['GET flows/*/runs/*/steps/*/tasks/*/artifacts/*/attempt/*', inTask(getArtifact)],
];

const routes = ROUTES.map(([route, handler]) => {
  const [method, pattern = ''] = route.split(' ');
  return { method, parts: pattern.split('/'), handler };
});

/** Answers a request of Metaflow's client; store errors are thrown. */
export async function answer(reader: RunReader, request: MetadataRequest): Promise<MetadataReply> {
  const matching = routes.filter(
    ({ parts }) =>
      parts.length === request.path.length && parts.every((part, i) => part === '*' || part === request.path[i]),
  );
  const route = matching.find(({ method }) => method === request.method);
  if (route === undefined) {
    const known = matching.length > 0 || request.method === 'POST';
    return known ? { status: 405, body: { message: 'this metadata service is read-only' } } : notFound;
  }
  const parts = request.path.filter((_, i) => route.parts[i] === '*');
  return route.handler(reader, parts, request);
}

async function getFlow(reader: RunReader, flow: string): Promise<MetadataReply> {
  return (await reader.runIds(flow)).length === 0 ? notFound : found(flowView(flow));
}

type RunHandler = (
  reader: RunReader,
  run: RunRecord,
  rest: string[],
  request: MetadataRequest,
) => Promise<MetadataReply>;

function inRun(handler: RunHandler): Handler {
  return async (reader, [flow = '', id = '', ...rest], request) => {
    const run = await reader.run({ flow, run: id });
    const key = keys.run({ flow, run: id });
    if (reader.ofOtherVersion.has(key)) await readRecord(reader.store, key, 'RunRecord');
    return run === undefined ? notFound : handler(reader, run, rest, request);
  };
}

async function getSteps(reader: RunReader, run: RunRecord): Promise<MetadataReply> {
  const views = await mapParallel(await reader.steps(run), (step) => viewOfStep(reader, run, step));
  return found(views.filter((view) => view !== undefined));
}

async function getStep(reader: RunReader, run: RunRecord, [step = '']: string[]): Promise<MetadataReply> {
  return found(await viewOfStep(reader, run, step));
}

/** The first task by name stands for the first one to start, which only differs in foreach steps. */
async function viewOfStep(reader: RunReader, run: RunRecord, step: string) {
  const [entry] = await reader.tasks(run, step);
  const record = entry && (await reader.attempts(run, entry))[0];
  return record && stepView(run, step, record.started);
}

async function getTasks(reader: RunReader, run: RunRecord, [step = '']: string[]): Promise<MetadataReply> {
  const firsts = await mapParallel(
    await reader.tasks(run, step),
    async (entry) => (await reader.attempts(run, entry))[0],
  );
  return found(firsts.filter((record) => record !== undefined).map((record) => taskView(run, record)));
}

/** Pathspecs of tasks with matching metadata; without a pattern, of all tasks. */
async function getFilteredTasks(
  reader: RunReader,
  run: RunRecord,
  [step = '']: string[],
  { query }: MetadataRequest,
): Promise<MetadataReply> {
  const field = query.get('metadata_field_name');
  const pattern = compiled(query.get('pattern'));
  if (pattern === 'invalid') return { status: 400, body: { message: 'the pattern is not a regular expression' } };
  const valuesOf = async (entry: TaskEntry) => {
    const records = await reader.attempts(run, entry);
    const metadata = records.flatMap((record) => record.metadata);
    return metadata.filter((datum) => field === null || datum.field_name === field).map(({ value }) => String(value));
  };
  const entries = await reader.tasks(run, step);
  let kept = entries;
  if (field !== null || pattern !== undefined) {
    const matching = matchingLists(pattern ?? /^/, await mapParallel(entries, valuesOf));
    if (matching === undefined) return { status: 400, body: { message: 'the pattern takes too long' } };
    kept = entries.filter((_, i) => matching[i] === true);
  }
  return found(kept.map(({ task }) => `${run.flow}/${run.run}/${step}/${task}`));
}

/** A pattern can run forever, which would block other requests. */
const PATTERN_TIMEOUT_MS = 500;

/** The lists with a matching text; undefined if that takes too long. */
function matchingLists(pattern: RegExp, lists: string[][]): boolean[] | undefined {
  const code = 'lists.map((texts) => texts.some((text) => pattern.test(text)))';
  try {
    return runInNewContext(code, { pattern, lists }, { timeout: PATTERN_TIMEOUT_MS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  }
}

function compiled(pattern: string | null): RegExp | 'invalid' | undefined {
  if (pattern === null) return undefined;
  try {
    return new RegExp(pattern);
  } catch {
    return 'invalid';
  }
}

/** Metaflow's client would ask the origin run for the rest and fail if it was deleted; everything is available here. */
const ORIGIN_TASK = 'origin-task-id';

async function getMetadata(run: RunRecord, attempts: TaskRecord[], reader: RunReader): Promise<MetadataReply> {
  const views = attempts.flatMap((record) => metadataViews(run, record, reader.store.root));
  const origin = attempts.at(-1)?.origin?.split('/')[1];
  const isGone = origin !== undefined && (await reader.run({ flow: run.flow, run: origin })) === undefined;
  return found(isGone ? views.filter(({ field_name }) => field_name !== ORIGIN_TASK) : views);
}

type TaskHandler = (
  run: RunRecord,
  attempts: TaskRecord[],
  reader: RunReader,
  rest: string[],
) => Promise<MetadataReply>;

function inTask(handler: TaskHandler): Handler {
  return inRun(async (reader, run, [step = '', task = '', ...rest]) => {
    const key: RunKey = run;
    const entry = await reader.task(key, step, task);
    if (entry === undefined) return notFound;
    return handler(run, (await reader.attempts(key, entry)).flatMap(asMetaflowKnows), reader, rest);
  });
}

/** The record of the requested attempt, or of the latest. */
function attemptOf(attempts: TaskRecord[], wished: string | undefined): TaskRecord | undefined {
  return wished === undefined ? attempts.at(-1) : attempts.find(({ attempt }) => String(attempt) === wished);
}

async function getArtifacts(
  run: RunRecord,
  attempts: TaskRecord[],
  { store }: RunReader,
  [attempt]: string[],
): Promise<MetadataReply> {
  const record = attemptOf(attempts, attempt);
  return found(record && Object.keys(record.objects).map((name) => artifactView(run, record, name, store.root)));
}

async function getArtifact(
  run: RunRecord,
  attempts: TaskRecord[],
  { store }: RunReader,
  [name = '', attempt]: string[],
): Promise<MetadataReply> {
  const record = attemptOf(attempts, attempt);
  return found(record && Object.hasOwn(record.objects, name) ? artifactView(run, record, name, store.root) : undefined);
}
