import assert from 'node:assert/strict';
import { execFile, type PromiseWithChild } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { PYTHON_DIR, RUNTIME_DIR } from '../../src/base/package-files.ts';
import { compileFile } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS, testPython } from '../support/home.ts';

/** `npm run crash` tests every fault and 200 runs with random faults. Otherwise only some of them are tested, the same every time. */
const FULL = process.env.NUVOPIPE_CRASH === 'full';

/** Some of the cases are enough to find what is wrong with a kind of call; `KNOWN` lists faults that caused errors before. */
const EVERY = FULL ? 1 : 20;
const EVERY_REAL = FULL ? 10 : 200;
const CHAOS_RUNS = FULL ? 200 : 25;
const SEED = 7;
const FULL_TIMEOUT_MS = 60 * 60_000;

const FLOWS = join(import.meta.dirname, 'flows');

/** A request to `runtime/tests/faults`. */
interface Request {
  flow: string;
  /** See `Matrix` there. */
  scenario?: 'run' | 'no retry' | 'resume' | 'answered';
  /** Executes Metaflow's own tasks; by default tasks are simulated. */
  real?: boolean;
  /** Tests one case in so many. */
  every?: number;
  known?: [kind: string, operation: string, keyPart: string][];
  /** Runs with random faults. */
  runs?: number;
  seed?: number;
}

interface Tally {
  /** Store requests, launches, activations and pauses of the undisturbed run. */
  calls: number;
  /** Number of runs by how they ended; `lost` must be 0. */
  ends: Record<string, number>;
  /** By kind. */
  faults: Record<string, number>;
  losses: { case: unknown[]; wrong: string[] }[];
}

/** All flows that a client starts. */
const ALL = [
  ...['linear', 'branches', 'foreach', 'foreach_in_branch', 'branches_in_foreach', 'switch', 'loop', 'retry', 'catch'],
  ...['subflow', 'subflow_slow', 'subflow_failure', 'action', 'failure', 'long', 'nested', 'resume', 'bounded'],
];
/** Flows in which no step needs its retry. */
const CALM = [
  'linear',
  'branches',
  'foreach',
  'foreach_in_branch',
  'branches_in_foreach',
  'switch',
  'loop',
  'subflow',
  'action',
];
const REAL = FULL
  ? [...CALM.filter((flow) => !flow.startsWith('subflow')), 'retry', 'catch', 'nested']
  : ['foreach', 'catch', 'nested'];

/** Faults that caused errors before. */
const KNOWN: (Request & { what: string })[] = [
  {
    what: 'writes the files by which Metaflow reads parameters that are already committed',
    flow: 'linear',
    known: [
      ['killed', 'put', '/_parameters/0/0.attempt.json'],
      ['fails', 'put', '/_parameters/0/0.DONE.lock'],
    ],
  },
  {
    what: 'stores parameters in the second activation if the first could not',
    flow: 'linear',
    known: [['fails', 'put', '/data/']],
  },
  {
    what: 'executes a synthetic step again',
    flow: 'foreach',
    known: [
      ['killed', 'create', '/tasks/start/t/commit'],
      ['fails', 'create', '/tasks/start/t/commit'],
    ],
  },
  {
    what: 'executes the last task of a lane again that had just claimed its item',
    flow: 'branches',
    known: [
      ['killed', 'put', '/right/t-1/0.attempt.json'],
      ['unanswered', 'create', '/tasks/right/t-1/commit'],
    ],
  },
  {
    what: 'executes a fork in an item again that others have joined meanwhile',
    flow: 'branches_in_foreach',
    known: [['fails', 'put', '/fork_left_right/t-1/0.DONE.lock']],
  },
  {
    what: 'does not join an item whose last task failed before its failure is recorded',
    flow: 'failure',
    known: [
      ['frozen', 'put', '/broken_1/t-1/2.data.json'],
      ['frozen', 'create', '/r1/failed'],
    ],
  },
  {
    what: 'does not join such an item when the others continue without it',
    flow: 'catch',
    known: [
      ['slow', 'put', '/broken_2/t-2/2.data.json'],
      ['frozen', 'create', '/pools/foreach/t/failed/2'],
    ],
  },
  {
    what: "starts no second run of a step's flow when a look at its result is lost",
    flow: 'subflow',
    scenario: 'no retry',
    known: [
      ['fails', 'get', '/ChildCrash/r1-child-t-1/result.json'],
      ['killed', 'get', '/ChildCrash/r1-child-t-1/result.json'],
    ],
  },
  {
    what: 'writes the files of tasks that a resumed run reuses',
    flow: 'resume',
    scenario: 'resume',
    known: [['killed', 'put', '/r2/broken_1/t-0/0.DONE.lock']],
  },
];

describe('a run with a fault', function () {
  this.timeout(FULL ? FULL_TIMEOUT_MS : FIRST_USE_TIMEOUT_MS);
  const total = { cases: 0, ends: {} as Record<string, number>, faults: {} as Record<string, number> };
  let folder: string;
  let python: string;

  before(async () => {
    python = (await testPython()).runtime;
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-crash-'));
    for (const file of await readdir(FLOWS)) {
      const bundle = await compileFile(join(FLOWS, file));
      // The files as they are in the step action.
      for (const [path, content] of Object.entries(unzipSync(bundle.files.get('step.zip') as Uint8Array))) {
        if (!path.startsWith('flow/')) continue;
        const target = join(folder, basename(file, '.yaml'), path.slice('flow/'.length));
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, content);
      }
    }
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
    const list = (counts: Record<string, number>) =>
      Object.entries(counts)
        .toSorted(([, a], [, b]) => b - a)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ');
    const faults = Object.values(total.faults).reduce((sum, count) => sum + count, 0);
    const { lost = 0, ...ends } = total.ends;
    console.log(`    ${faults} faults in ${total.cases} runs: ended ${list(ends)}; lost ${lost}`);
    console.log(`    faults: ${list(total.faults)}`);
  });

  async function play(request: Request): Promise<Tally> {
    const asked = JSON.stringify({ seed: SEED, ...request, folder });
    const env = { ...process.env, PYTHONPATH: [PYTHON_DIR, RUNTIME_DIR].join(delimiter), PYTHONDONTWRITEBYTECODE: '1' };
    const { stdout } = await run(python, ['-m', 'tests.faults', asked], { env, maxBuffer: 64 << 20 });
    const tally = JSON.parse(stdout.trim().split('\n').at(-1) as string) as Tally;
    for (const [end, count] of Object.entries(tally.ends)) {
      total.ends[end] = (total.ends[end] ?? 0) + count;
      total.cases += count;
    }
    for (const [kind, count] of Object.entries(tally.faults)) total.faults[kind] = (total.faults[kind] ?? 0) + count;
    return tally;
  }

  async function assertNothingLost(request: Request): Promise<Tally> {
    const tally = await play(request);
    assert.deepEqual(tally.losses, []);
    assert.ok(
      Object.values(tally.ends).some((count) => count > 0),
      'there was no case',
    );
    return tally;
  }

  describe('ends by itself or after one sweep, with the same result, whichever call is affected:', () => {
    for (const flow of ALL) {
      const scenario = flow === 'resume' ? 'resume' : 'run';
      it(flow, async () => {
        await assertNothingLost({ flow, scenario, every: EVERY });
      });
    }
  });

  describe('ends with the same result when a client is answered before the end:', () => {
    for (const flow of ['linear', 'branches_in_foreach', 'switch', 'action']) {
      it(flow, async () => {
        await assertNothingLost({ flow, scenario: 'answered', every: EVERY });
      });
    }
  });

  describe('ends with the same result when it is resumed, where steps have no retries:', () => {
    for (const flow of CALM) {
      it(flow, async () => {
        await assertNothingLost({ flow, scenario: 'no retry', every: EVERY });
      });
    }
  });

  describe("stores the same artifacts with Metaflow's own tasks:", () => {
    for (const flow of REAL) {
      it(flow, async () => {
        await assertNothingLost({ flow, real: true, every: EVERY_REAL });
      });
    }
  });

  describe('that caused an error before:', () => {
    for (const { what, ...request } of KNOWN) {
      it(what, async () => {
        const { ends } = await assertNothingLost(request);
        assert.equal(ends['by resume'], undefined);
      });
    }
  });

  it(`at every tenth to twentieth call: ${CHAOS_RUNS} runs end with the right result`, async () => {
    const { faults } = await assertNothingLost({ flow: 'nested', runs: CHAOS_RUNS });
    assert.ok(Object.values(faults).reduce((sum, count) => sum + count, 0) > 10 * CHAOS_RUNS);
  });
});

const run: (file: string, args: string[], options: object) => PromiseWithChild<{ stdout: string; stderr: string }> =
  promisify(execFile);
