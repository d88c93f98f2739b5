import assert from 'node:assert/strict';
import { type MetadataService, startMetadataService } from '../../../src/platform/metadata/service.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { startTestStore, type TestStore } from '../s3/s3.ts';
import { makeControlRuns, withMetaflow } from './real-runs.ts';

const CLIENT = `
import json
from metaflow import Run, Task, namespace
namespace(None)
def spec(tasks):
    return sorted(t.pathspec.split("/", 2)[2] for t in tasks)
def last_line(text):
    return str(text).rstrip().split("\\n")[-1]
def attempt(run, number):
    task = Task(f"ControlFlow/{run}/flaky/t", attempt=number)
    tried = task["tried"].data if "tried" in task else None
    return [task.current_attempt, task.successful, task.stdout.strip(), last_line(task.stderr), last_line(task.exception), tried]
out = {}
for name in ("good", "trying"):
    run = Run("ControlFlow/" + name)
    task = run["flaky"].task
    out[name] = {
        "run": [run.finished, run.successful],
        "task": [task.current_attempt, task.successful, task.stdout.strip()],
        "attempts": [attempt(name, number) for number in range(3)],
    }
run = Run("ControlFlow/good")
out["turns"] = sorted([t.id, t.data.turns] for t in run["turn"])
out["items"] = {t.id: [t.index, t.successful, spec(t.parent_tasks), spec(t.child_tasks)] for t in run["look"]}
out["join"] = spec(run["gather"].task.parent_tasks)
out["case"] = [spec(run["yes"].task.parent_tasks), spec(run["yes"].task.child_tasks), "no" in [s.id for s in run]]
out["after the loop"] = "turn/t-2" in spec(run["foreach_items"].task.parent_tasks)
failed = Run("ControlFlow/bad")
out["failure"] = [failed.successful, last_line(failed["finish"].task.exception), failed["tell"].task.stdout.strip()]
print(json.dumps(out))
`;

describe('metadata of decisions, loops, attempts and failures', () => {
  let s3: TestStore;
  let service: MetadataService;
  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    s3 = await startTestStore();
    service = await startMetadataService({ store: s3.store });
    await makeControlRuns(s3.store.settings, [
      { run: 'good', params: {} },
      { run: 'bad', params: { fail: true } },
      // The session is lost after the second attempt of `flaky`.
      { run: 'trying', params: {}, components: 3 },
    ]);
  });
  after(async () => {
    await service?.close();
    await s3?.close();
  });

  it('read well with the stock client', async () => {
    const { settings, root } = s3.store;
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
    const failed = (number: number) => [
      number,
      false,
      `attempt ${number}`,
      `ValueError: not yet ${number}`,
      `ValueError: not yet ${number}`,
      number,
    ];
    assert.deepEqual(out, {
      good: {
        run: [true, true],
        task: [2, true, 'attempt 2'],
        attempts: [failed(0), failed(1), [2, true, 'attempt 2', '', 'None', 2]],
      },
      trying: {
        run: [false, false],
        task: [1, false, 'attempt 1'],
        attempts: [failed(0), failed(1), [2, false, '', '', 'None', null]],
      },
      turns: [
        ['t-0', 1],
        ['t-1', 2],
        ['t-2', 3],
      ],
      items: {
        't-0': [0, true, ['foreach_items/t'], ['triple/t-0']],
        't-1': [1, true, ['foreach_items/t'], ['halve/t-1']],
        't-2': [2, false, ['foreach_items/t'], []],
        't-3': [3, true, ['foreach_items/t'], ['halve/t-3']],
      },
      join: ['end_foreach_items/t-0', 'end_foreach_items/t-1', 'end_foreach_items/t-3'],
      case: [['switch_kind/t'], ['finish/t'], false],
      'after the loop': true,
      failure: [false, 'ValueError: asked to fail', 'told: ValueError: asked to fail (control.yaml:53)'],
    });
  });
});
