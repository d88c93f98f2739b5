import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileFlow } from '../../src/compiler/compile-flow.ts';
import { caseFile, runCase } from '../support/cases.ts';
import { invoke } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

/** Flows that were run on a real Apache OpenWhisk, the long ones with less to do. */
const ENGINE: [file: string, params: object, outputs: object][] = [
  ['coldhundred.yaml', {}, { total: 5050 }],
  ['tena.yaml', {}, { x: 9 }],
  ['tenb.yaml', {}, { x: 9 }],
  ['thousand.yaml', { n: 60, sleep: 0.05 }, { total: 1830, count: 60 }],
  ['thousand4.yaml', { n: 20 }, { total: 210, count: 20 }],
  ['timeouts.yaml', { what: 'catch' }, { ok: /took longer than 2 s/ }],
  ['image-fixed.yaml', {}, { x: 2 }],
];

describe('flows that were seen on a real OpenWhisk', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  let folder: string;
  before(async () => {
    shared = await sharedPlatform();
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-engine-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const outputsOf = async (name: string, file?: string, params: object = {}): Promise<Record<string, unknown>> => {
    const { result } = await runCase(shared, name, { ...(file !== undefined && { file }), params });
    assert.equal(result.status, 'succeeded', JSON.stringify(result));
    return result.outputs as Record<string, unknown>;
  };

  for (const [file, params, expected] of ENGINE) {
    it(`engine/${file} gives the same here`, async () => {
      const outputs = await outputsOf('engine', file, params);
      for (const [name, value] of Object.entries(expected)) {
        if (value instanceof RegExp) assert.match(String(outputs[name]), value);
        else assert.equal(outputs[name], value);
      }
    });
  }

  for (const [file, done] of [
    ['kill300.yaml', 6],
    ['kill300s.yaml', 6],
    ['lin3.yaml', 2],
    ['lin3s.yaml', 2],
  ] as const) {
    it(`engine/${file} executes each of its tasks once`, async () => {
      const log = join(folder, file);
      await outputsOf('engine', file, { log, ...(file.startsWith('kill') && { n: 6, sleep: 0.1 }) });
      const lines = (await readFile(log, 'utf8')).trim().split('\n');
      const ended = lines.filter((line) => line.startsWith('end')).map((line) => line.split(' ')[1]);
      assert.deepEqual(ended.toSorted(), [...Array(done).keys()].map(String));
    });
  }

  it('resumes failed engine/resume1.yaml as resume2.yaml, reusing completed steps', async () => {
    const { result } = await runCase(shared, 'engine', { file: 'resume1.yaml', params: { run: 'engine-r1' } });
    assert.match((result.error as { message: string }).message, /four is bad/);
    const { result: resumed } = await runCase(shared, 'engine', {
      ...{ file: 'resume2.yaml', params: { resume: 'engine-r1', run: 'engine-r2' } },
    });
    assert.equal((resumed.outputs as { total: number }).total, 30);
  });

  it('engine/timeouts.yaml ends a step, and the run, at their limits', async () => {
    const { result } = await runCase(shared, 'engine', { file: 'timeouts.yaml', params: { what: 'step' } });
    assert.equal((result.error as { step: string }).step, 'sleepy');
    const { result: whole } = await invoke(shared, 'TimeoutsFlow', { what: 'flow' });
    assert.match((whole.error as { message: string }).message, /20 s/);
  });

  it('engine/toomuch.yaml is refused for its time', async () => {
    const { diagnostics } = await compileFlow(caseFile('engine', 'toomuch.yaml'));
    assert.match(diagnostics.map(({ message }) => message).join('\n'), /10m/);
  });
});

describe('flows of public bug reports about sizes and waits', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  before(async () => {
    shared = await sharedPlatform();
  });

  it('many_items: a foreach over 300 large items, in batches', async () => {
    assert.deepEqual((await runCase(shared, 'many_items')).result.outputs, { n: 44_850 });
  });

  it('big_foreach: a foreach over 30 MB', async () => {
    assert.deepEqual((await runCase(shared, 'big_foreach')).result.outputs, { n: 30_000_000 });
  });

  it('await_run: await at the top of a step is refused, or works', async () => {
    const { bundle, diagnostics } = await compileFlow(caseFile('await_run'));
    if (bundle === undefined) assert.match(diagnostics.map(({ message }) => message).join('\n'), /await/);
    else assert.equal((await runCase(shared, 'await_run')).result.status, 'succeeded');
  });

  it('wf_poll: a polling loop repeats until its condition holds', async () => {
    const { result } = await runCase(shared, 'wf_poll', { file: 'hot.yaml' });
    assert.equal(result.status, 'succeeded', JSON.stringify(result));
    assert.ok((result.outputs as { looks: number }).looks > 1);
  });

  it('wf_poll: words of other engines for a pause are refused, each by name', async () => {
    const { diagnostics } = await compileFlow(caseFile('wf_poll', 'pausekey.yaml'));
    const text = diagnostics.map(({ message, hint }) => `${message} ${hint ?? ''}`).join('\n');
    for (const word of ['sleep', 'wait', 'pause', 'approval', 'suspend']) assert.match(text, new RegExp(`"${word}"`));
  });
});
