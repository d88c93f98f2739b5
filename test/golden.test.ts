import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parseJson } from '../src/base/json.ts';
import { keys } from '../src/contract/layout.generated.ts';
import type { Bundle } from '../src/contract/manifest.ts';
import { parseKey } from '../src/contract/parse-key.ts';
import type { Plan } from '../src/contract/plan.ts';
import { type FormatName, readFormat } from '../src/contract/read-format.ts';
import { RunReader } from '../src/platform/runs/reader.ts';
import { runStatus } from '../src/platform/runs/run-status.ts';
import { Compiler } from './fuzz/compile.ts';
import { MemoryObjects } from './support/memory-objects.ts';

/** `NUVOPIPE_RECORD=1 npx mocha …` writes the plans again; `runtime/tests/recording.py` the envelopes and records. */
const RECORDS = process.env.NUVOPIPE_RECORD === '1';

const GOLDEN = join(import.meta.dirname, '../schemas/golden');

const FLOWS = readdirSync(join(GOLDEN, 'flows'))
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => basename(name, '.yaml'));

/** The recorded runs, by name, with their flows. */
const RUNS = { line: 'line', titles: 'titles', all: 'all', 'all-fails': 'all' };

/** Formats of records, by the name of their keys. */
const FORMATS: Partial<Record<keyof typeof keys, FormatName>> = {
  ...{ run: 'RunRecord', commit: 'TaskRecord', failedAttempt: 'TaskRecord', live: 'LiveRecord' },
  ...{ guard: 'ClaimRecord', poolClaim: 'ClaimRecord', poolJoin: 'ClaimRecord', poolOpen: 'PoolRecord' },
  ...{ child: 'ChildRecord', cacheEntry: 'CacheEntry', result: 'RunResult' },
  ...{ failed: 'RunFailure', failedItem: 'RunFailure' },
};

type Json = Record<string, unknown>;

describe('golden plans', () => {
  for (const flow of FLOWS) {
    it(`are what the compiler makes of ${flow}.yaml`, async () => {
      const folder = join(GOLDEN, 'plans', flow);
      const files = executedFiles(await compiled(flow));
      if (RECORDS) await writeFiles(folder, files);
      assert.deepEqual((await readdir(folder)).sort(), [...files.keys()].sort());
      for (const [name, content] of files) {
        assert.equal(await readFile(join(folder, name), 'latin1'), Buffer.from(content).toString('latin1'), name);
      }
    });

    it(`are read, and refused with a wrong field (${flow})`, async () => {
      const plan = (await planOf(flow)) as unknown as Json;
      assert.deepEqual(readFormat('Plan', plan), { value: plan });
      for (const [field, changed] of wrong(plan)) assert.ok(!('value' in readFormat('Plan', changed)), field);
    });
  }
});

describe('golden records', () => {
  for (const run of Object.keys(RUNS)) {
    it(`are read, and refused with a wrong field (${run})`, async () => {
      for (const [key, record] of Object.entries(await recorded<Json>('records', run))) {
        const format = formatOf(key);
        if (!format) continue;
        assert.deepEqual(readFormat(format, record), { value: record }, key);
        for (const [field, changed] of wrong(record as Json)) {
          assert.ok(!('value' in readFormat(format, changed)), `${key}: ${field}`);
        }
      }
    });
  }

  it('have every format that is read', async () => {
    const all = await Promise.all(Object.keys(RUNS).map((run) => recorded<Json>('records', run)));
    const found = new Set(all.flatMap((records) => Object.keys(records).map(formatOf)));
    found.delete(undefined);
    assert.deepEqual([...found].sort(), [...new Set(Object.values(FORMATS))].sort());
  });

  it('are the status of a run that succeeded', async () => {
    const status = await statusOf('all');
    assert.equal(status?.status, 'succeeded');
    assert.deepEqual(status?.notRun, ['no']);
    assert.equal(status?.isPlanMissing, undefined);
    const steps = Object.fromEntries(status?.steps.map((step) => [step.step, step]) ?? []);
    assert.deepEqual([steps.look?.expected, steps.look?.succeeded, steps.look?.failed], [4, 3, 1]);
    assert.equal(steps.flaky?.repeated, 1);
    assert.equal(steps.turn?.inLoop, true);
  });

  it('are the status of a run that failed', async () => {
    const status = await statusOf('all-fails');
    assert.deepEqual(
      [status?.status, status?.error?.step, status?.onFailure],
      ['failed', 'ask', { status: 'succeeded' }],
    );
  });
});

describe('golden envelopes', () => {
  let isEnvelope: ValidateFunction;
  before(async () => {
    const ajv = new Ajv({ allowUnionTypes: true, strictTuples: false, keywords: ['tsType'] });
    isEnvelope = ajv.compile(JSON.parse(await readFile(join(GOLDEN, '../envelope.v1.schema.json'), 'utf8')));
  });

  for (const run of Object.keys(RUNS)) {
    it(`are valid, and invalid with a wrong field (${run})`, async () => {
      for (const { given, answered } of await recorded<{ given: Json; answered: Json }[]>('envelopes', run)) {
        for (const envelope of [given, answered]) {
          assert.ok(isEnvelope(envelope), JSON.stringify(isEnvelope.errors));
          for (const [field, changed] of wrong(envelope)) assert.ok(!isEnvelope(changed), field);
        }
      }
    });
  }
});

async function compiled(flow: string): Promise<Bundle> {
  const compiler = new Compiler();
  try {
    const { bundle, diagnostics } = await compiler.compile(join(GOLDEN, 'flows', `${flow}.yaml`));
    return bundle ?? assert.fail(diagnostics.map(({ message }) => message).join('\n'));
  } finally {
    await compiler.close();
  }
}

/** The flow program, the plan, and the files beside them: what a step action executes. */
function executedFiles({ files }: Bundle): Map<string, Uint8Array> {
  const deployed = ['composition.json', 'conductor.js', 'wait.js', 'step.zip', 'manifest.json'];
  return new Map([...files].filter(([name]) => !deployed.includes(name)));
}

async function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) await writeFile(join(folder, name), content);
}

async function planOf(flow: string): Promise<Plan> {
  return parseJson(await readFile(join(GOLDEN, 'plans', flow, 'plan.json'), 'utf8')) as Plan;
}

async function recorded<T>(kind: 'records' | 'envelopes', run: string): Promise<T> {
  return parseJson(await readFile(join(GOLDEN, kind, `${run}.json`), 'utf8')) as T;
}

function formatOf(key: string): FormatName | undefined {
  return FORMATS[(parseKey(key) ?? assert.fail(key)).name];
}

/** A copy for each field, in which it has a value of a type that no field has. */
function wrong(value: Json): [field: string, changed: Json][] {
  return Object.keys(value).map((field) => [field, { ...value, [field]: [{}] }]);
}

async function statusOf(run: keyof typeof RUNS) {
  const plan = await planOf(RUNS[run]);
  const objects = new MemoryObjects();
  for (const [key, record] of Object.entries(await recorded<Json>('records', run))) objects.put(key, record as Json);
  const text = await readFile(join(GOLDEN, 'plans', RUNS[run], 'plan.json'), 'utf8');
  objects.put(keys.plan({ flow: plan.flow, hash: plan.hash }), text);
  return runStatus(new RunReader(objects.store), { flow: plan.flow, run });
}
