import assert from 'node:assert/strict';
import { keys, prefixes } from '../../../src/contract/layout.generated.ts';
import { type MetadataService, startMetadataService } from '../../../src/platform/metadata/service.ts';
import type { Store } from '../../../src/platform/s3/store.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { startTestStore, type TestStore } from '../s3/s3.ts';
import { makeRuns, withMetaflow } from './real-runs.ts';

/** What the stock client is asked, for every run at once: starting its interpreter takes most of the time. */
const CLIENT = `
import json
from metaflow import Flow, Metaflow, Run, Step, Task, namespace, get_metadata
from metaflow.exception import MetaflowNotFound, MetaflowNamespaceMismatch
out = {"provider": get_metadata().split("@")[0]}
out["default namespace"] = [r.id for r in Flow("SampleFlow")]
namespace("user:nobody")
try:
    Run("SampleFlow/good")
except MetaflowNamespaceMismatch:
    out["mismatch"] = True
namespace(None)
out["flows"] = [f.id for f in Metaflow().flows]
flow = Flow("SampleFlow")
out["latest"] = flow.latest_run.id
out["latest successful"] = flow.latest_successful_run.id
def stack(tasks):
    return sorted(t.pathspec.split("/", 2)[2] for t in tasks)
for name in ("good", "bad", "open"):
    run = Run("SampleFlow/" + name)
    got = out[name] = {}
    got["finished"], got["successful"] = run.finished, run.successful
    got["finished_at"] = run.finished_at is not None
    got["steps"] = [s.id for s in run]
    got["tags"] = [sorted(run.user_tags), sorted(t.split(":")[0] for t in run.system_tags)]
    start = run["start"].task
    got["start"] = [start.finished, start.successful, start.stdout, start.stderr, start.data.titles, start.index]
    got["parameters"] = {k: v for k, v in run["_parameters"].task.metadata_dict.items() if k.endswith("_step")}
    got["children"] = stack(start.child_tasks)
    got["shouts"] = {t.id: [t.index, t.data.loud, t.stdout, stack(t.parent_tasks)] for t in run["shout"]}
run = Run("SampleFlow/good")
out["data"] = [run.data.shouted, run.data.sides, run.end_task.pathspec]
out["parents"] = {s: stack(run[s].task.parent_tasks) for s in ("collect", "fork", "left", "choose", "end")}
out["children"] = {s: stack(run[s].task.child_tasks) for s in ("collect", "fork", "left", "choose", "end")}
out["parent steps"] = sorted(s.id for s in run["choose"].parent_steps)
shout = Task("SampleFlow/good/shout/t-1")
out["artifact"] = [sorted(a.id for a in shout), shout["loud"].data, shout["loud"].size, len(shout["loud"].sha)]
out["attempt"] = Task("SampleFlow/good/shout/t-1", attempt=0)["loud"].data
out["ran for"] = (shout.finished_at - shout.created_at).total_seconds() >= 0
failed = Run("SampleFlow/bad")["collect"].task
out["failure"] = [failed.finished, failed.successful, str(failed.exception).rstrip().endswith("ValueError: asked to fail"), "ValueError: asked to fail" in failed.stderr]
unknown = []
for kind, spec in ((Flow, "None"), (Run, "SampleFlow/none"), (Step, "SampleFlow/good/none"), (Task, "SampleFlow/good/start/none"), (Task, "None/1/start/t")):
    try:
        kind(spec)
    except MetaflowNotFound:
        unknown.append(spec)
out["unknown"] = unknown
out["no artifact"] = "none" in shout
run.add_tag("kept"); run.add_tags(["gone", "user:ada"]); run.remove_tag("gone")
out["changed tags"] = sorted(Run("SampleFlow/good").user_tags)
out["tagged"] = [r.id for r in flow.runs("kept")]
try:
    run.remove_tag("user:ada")
except Exception as error:
    out["system tag"] = type(error).__name__
print(json.dumps(out))
`;

describe('metadata service', () => {
  let s3: TestStore;
  let store: Store;
  let service: MetadataService;
  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    s3 = await startTestStore();
    store = s3.store;
    service = await startMetadataService({ store });
    await makeRuns(store.settings, [
      { run: 'good', params: {} },
      { run: 'bad', params: { fail: true, prefix: 'A' } },
      // The session is lost after the foreach's second item.
      { run: 'open', params: {}, components: 3 },
    ]);
    await store.put(keys.layer({ layer: 'abc' }), 'not a flow');
  });
  after(async () => {
    await service?.close();
    await s3?.close();
  });

  const get = async (path: string) => {
    const response = await fetch(`${service.url}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('lets the stock client read everything of a run, with nothing of ours installed', async () => {
    const { settings, root } = store;
    const out = await withMetaflow<Record<string, unknown>>(CLIENT, {
      USER: 'ada',
      METAFLOW_SERVICE_URL: service.url,
      METAFLOW_DEFAULT_METADATA: 'service',
      METAFLOW_DEFAULT_DATASTORE: 's3',
      METAFLOW_DATASTORE_SYSROOT_S3: root,
      METAFLOW_S3_ENDPOINT_URL: settings.endpoint ?? '',
      AWS_ACCESS_KEY_ID: settings.accessKeyId,
      AWS_SECRET_ACCESS_KEY: settings.secretAccessKey,
      AWS_DEFAULT_REGION: settings.region,
    });
    const titles = ['Näme', 'Ünïcode', 'Plain'];
    const common = {
      tags: [['sample'], ['date', 'runtime', 'user']],
      start: [true, true, null, 'to stderr\n', titles, null],
      parameters: { start_step: 'start', end_step: 'end' },
    };
    const shouts = (prefix: string, count: number) =>
      Object.fromEntries(
        titles
          .slice(0, count)
          .map((title, i) => [`t-${i}`, [i, `${prefix} ${title}!`, `${prefix} ${title}!\n`, ['start/t']]])
          .reverse(),
      );
    const start = (prefix: string) => [true, true, `starting ${prefix}\n`, 'to stderr\n', titles, null];
    const items = ['shout/t-0', 'shout/t-1', 'shout/t-2'];
    assert.deepEqual(out, {
      provider: 'service',
      'default namespace': ['open', 'bad', 'good'],
      mismatch: true,
      flows: ['SampleFlow'],
      latest: 'open',
      'latest successful': 'good',
      good: {
        ...common,
        finished: true,
        successful: true,
        finished_at: true,
        steps: ['end', 'choose', 'right', 'left', 'fork', 'collect', 'shout', 'start'],
        start: start('The'),
        children: items,
        shouts: shouts('The', 3),
      },
      bad: {
        ...common,
        finished: false,
        successful: false,
        finished_at: false,
        steps: ['collect', 'shout', 'start'],
        start: start('A'),
        children: items,
        shouts: shouts('A', 3),
      },
      open: {
        ...common,
        finished: false,
        successful: false,
        finished_at: false,
        steps: ['shout', 'start'],
        start: start('The'),
        children: items.slice(0, 2),
        shouts: shouts('The', 2),
      },
      data: [titles.map((title) => `The ${title}!`), ['left', 'right'], 'SampleFlow/good/end/t'],
      parents: {
        collect: items,
        fork: ['collect/t'],
        left: ['fork/t'],
        choose: ['left/t-0', 'right/t-1'],
        end: ['choose/t'],
      },
      children: {
        collect: ['fork/t'],
        fork: ['left/t-0', 'right/t-1'],
        left: ['choose/t'],
        choose: ['end/t'],
        end: [],
      },
      'parent steps': ['left', 'right'],
      artifact: [['fail', 'loud', 'name', 'prefix', 'title', 'titles'], 'The Ünïcode!', 29, 40],
      attempt: 'The Ünïcode!',
      'ran for': true,
      failure: [false, false, true, true],
      unknown: ['None', 'SampleFlow/none', 'SampleFlow/good/none', 'SampleFlow/good/start/none', 'None/1/start/t'],
      'no artifact': false,
      'changed tags': ['kept', 'sample'],
      tagged: ['good'],
      'system tag': 'MetaflowTaggingError',
    });
  });

  it('keeps every tag when several are added at once', async () => {
    const add = (tag: string) =>
      fetch(`${service.url}/flows/SampleFlow/runs/bad/tag/mutate`, {
        method: 'PATCH',
        body: JSON.stringify({ tags_to_add: [tag], tags_to_remove: [] }),
      });
    const tags = ['a', 'b', 'c', 'd'];
    const answers = await Promise.all(tags.map(add));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    assert.deepEqual((await get('/flows/SampleFlow/runs/bad')).body.tags, [...tags, 'sample']);
  });

  it('adds metadata that a lost task did not write, without which the client finds no log', async () => {
    const record = JSON.parse(
      new TextDecoder().decode(
        (await store.get(keys.commit({ flow: 'SampleFlow', run: 'open', step: 'start', task: 't' })))?.body,
      ),
    );
    await store.put(
      keys.commit({ flow: 'SampleFlow', run: 'open', step: 'lost', task: 't' }),
      JSON.stringify({ ...record, step: 'lost', ok: false, objects: {}, info: {}, metadata: [] }),
    );
    const { body } = await get('/flows/SampleFlow/runs/open/steps/lost/tasks/t/metadata');
    const values = Object.fromEntries(
      (body as unknown as { field_name: string; value: string }[]).map((datum) => [datum.field_name, datum.value]),
    );
    assert.deepEqual(values, {
      attempt: '0',
      'ds-type': 's3',
      'ds-root': store.root,
      attempt_ok: 'False',
      'attempt-done': '0',
    });
  });

  it('names the task that one was taken over from only as long as it is there: the client follows it', async () => {
    const folder = prefixes.tasks({ flow: 'SampleFlow', run: 'open' }).slice(0, -1);
    const record = JSON.parse(new TextDecoder().decode((await store.get(`${folder}/start/t/commit`))?.body));
    const datum = { type: 'origin', tags: [], ts_epoch: 1 };
    const metadata = (run: string) => [
      { ...datum, field_name: 'origin-run-id', value: run },
      { ...datum, field_name: 'origin-task-id', value: 't' },
    ];
    for (const run of ['good', 'deleted']) {
      const taken = { ...record, step: run, origin: `SampleFlow/${run}/start/t`, metadata: metadata(run) };
      await store.put(`${folder}/${run}/t/commit`, JSON.stringify(taken));
      const { body } = await get(`/flows/SampleFlow/runs/open/steps/${run}/tasks/t/metadata`);
      const names = (body as unknown as { field_name: string }[]).map(({ field_name }) => field_name);
      const origins = names.filter((name) => name.startsWith('origin'));
      assert.deepEqual(origins, run === 'good' ? ['origin-run-id', 'origin-task-id'] : ['origin-run-id']);
    }
  });

  it('distinguishes attempts: metadata of all, artifacts of the last or the requested one', async () => {
    const folder = prefixes.tasks({ flow: 'SampleFlow', run: 'open' }).slice(0, -1);
    const record = JSON.parse(new TextDecoder().decode((await store.get(`${folder}/start/t/commit`))?.body));
    const attempt = (n: number, sha: string) =>
      JSON.stringify({ ...record, step: 'again', attempt: n, ok: n === 1, objects: { x: sha } });
    await store.put(`${folder}/again/t/failed-0`, attempt(0, 'sha0'));
    await store.put(`${folder}/again/t/commit`, attempt(1, 'sha1'));
    const task = '/flows/SampleFlow/runs/open/steps/again/tasks/t';
    const shas = async (path: string) => {
      const body = (await get(task + path)).body as unknown as { sha: string }[] | { sha: string };
      return [body].flat().map(({ sha }) => sha);
    };
    assert.deepEqual(await shas('/artifacts'), ['sha1']);
    assert.deepEqual(await shas('/attempt/0/artifacts'), ['sha0']);
    assert.deepEqual(await shas('/artifacts/x'), ['sha1']);
    assert.deepEqual(await shas('/artifacts/x/attempt/0'), ['sha0']);
    assert.equal((await get(`${task}/artifacts/x/attempt/7`)).status, 404);
    const metadata = (await get(`${task}/metadata`)).body as unknown as unknown[];
    assert.equal(metadata.length, 2 * record.metadata.length);
  });

  it('refuses what it cannot do, and is not confused by odd paths', async () => {
    assert.equal((await fetch(`${service.url}/flows/SampleFlow/run`, { method: 'POST', body: '{}' })).status, 405);
    for (const path of [
      '/',
      '/flows/%2e%2e/runs',
      '/flows/a%2fb',
      '/nothing',
      '/flows/SampleFlow/runs/good/steps/%00',
    ]) {
      assert.ok([400, 404, 200].includes((await get(path)).status), path);
    }
    assert.equal((await get('/flows/%')).status, 400);
    assert.equal((await get('/flows/SampleFlow/runs/good/steps/shout/filtered_tasks?pattern=(')).status, 400);
    const ping = await fetch(`${service.url}/ping`);
    assert.equal(ping.headers.get('METADATA_SERVICE_VERSION'), '2.5.0');
  });

  it('reports that its port is in use', async () => {
    const port = Number(new URL(service.url).port);
    await assert.rejects(startMetadataService({ store, port }), { name: 'UserError', code: 'port-taken' });
  });
});
