import assert from 'node:assert/strict';
import { logOf, runCase } from '../support/cases.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

type Outputs = Record<string, unknown>;

describe('A step is an ordinary Python process', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;

  before(async () => {
    shared = await sharedPlatform();
  });

  async function outputsOf(name: string, options = {}): Promise<Outputs> {
    const { result } = await runCase(shared, name, options);
    assert.equal(result.status, 'succeeded', JSON.stringify(result));
    return result.outputs as Outputs;
  }

  describe('reads artifacts', () => {
    it('from two threads at once, separately', async () => {
      const { wrong } = await outputsOf('threads_two');
      assert.deepEqual(wrong, Array(8).fill([[], []]));
    });

    it('from a pool of threads', async () => {
      assert.deepEqual(await outputsOf('threads_read'), { wrong: [] });
    });

    it('from processes that parallel_map forks', async () => {
      assert.deepEqual(await outputsOf('procs_read_one'), { total: 28 });
      assert.deepEqual(await outputsOf('procs_preloaded'), { total: 28 });
    });

    it('from forked processes in a foreach, its input too', async () => {
      assert.deepEqual(await outputsOf('pmap_foreach_input'), { sums: [9, 13, 17] });
    });

    it('from the workers of joblib, and those of a loader of batches', async () => {
      const squares = [0, 1, 4, 9, 16, 25];
      assert.deepEqual(await outputsOf('workers_read'), {
        ...{ threads: [...Array(12).keys()], loky: squares, processes: squares, loader: [0, 1, 2] },
      });
    });

    it('from hundreds of threads and processes, in a step and in a join', async () => {
      assert.deepEqual(await outputsOf('reads_stress'), { wrong: [], joined: [] });
    });
  });

  describe("imports the user's modules", () => {
    it('in each task, so that they draw different random numbers', async () => {
      const { distinct, legacy } = await outputsOf('module_rng');
      assert.equal(distinct, 6);
      assert.equal(new Set(legacy as number[]).size, 6);
    });

    it('so that numpy generators differ, except those that a module seeds', async () => {
      const { means, seeded } = await outputsOf('module_state');
      assert.equal(new Set(means as number[]).size, 4);
      assert.equal(new Set(seeded as number[]).size, 1);
    });

    it('after the variables of the step are set', async () => {
      assert.deepEqual(await outputsOf('env_at_import'), { model: 'large', inside: 'large', lazily: 'large' });
    });

    it('after its secrets are set', async () => {
      assert.deepEqual(await outputsOf('env_secret', { secrets: { API_TOKEN: 'abcdefgh' } }), { length: 8 });
    });

    it('with their own connections, folders and thread pools', async () => {
      const { rows, opened_by_me: mine } = await outputsOf('module_conn');
      assert.deepEqual({ rows, mine }, { rows: Array(3).fill([1, 1]), mine: [true, true, true] });
      assert.deepEqual(await outputsOf('module_pool'), { squares: [0, 1, 4, 9] });
    });

    it('with their output in the log', async () => {
      const { result } = await runCase(shared, 'import_argv');
      const log = await logOf(shared, 'ImportPrint', result.run as string, 'go');
      for (const line of ['loading the model once', 'configured', 'in the step', 'to kept stdout'])
        assert.ok(log.stdout.includes(line), `${line}\n${log.stdout}`);
      assert.match(log.stderr, /UserWarning: old format/);
    });

    it('fail their step, with retries and catch, if one cannot be imported', async () => {
      const { result } = await runCase(shared, 'import_err');
      assert.equal(result.status, 'succeeded');
      const first = await logOf(shared, 'ImportErr', result.run as string, 'one');
      assert.match(first.stdout, /importing broken/);
      assert.match(first.stderr, /warning at import[\s\S]*broken\.py", line 4[\s\S]*No module named 'nosuchlib_xyz'/);
      const second = await logOf(shared, 'ImportErr', result.run as string, 'two');
      assert.match(second.stdout, /^Traceback/);
    });

    it('from packages, with their data, and reads files beside the flow', async () => {
      const { a, b, c } = await outputsOf('pkg_code');
      assert.deepEqual(a, [6, '1,2']);
      assert.deepEqual(b, ['mypkg3', '{"k": 1}', '{"k": 1}']);
      assert.equal((c as string[])[0], '1,2');
    });

    it('whatever library has their name', async () => {
      assert.deepEqual(await outputsOf('clash_own'), { x: [1, 1] });
      assert.deepEqual(await outputsOf('clash_mf'), { x: 1 });
      assert.deepEqual(await outputsOf('own_library'), { mine: [1, 1], theirs: true });
    });
  });

  describe('uses libraries', () => {
    it('under the variables that they read when they are imported', async () => {
      assert.deepEqual(await outputsOf('env_threads'), { threads: 1, wanted: '1' });
    });

    it('that start threads', async () => {
      const { total } = await outputsOf('polars_plain', { file: 'add_up.yaml' });
      assert.equal(total, 999);
    });

    it('for learning and for pictures', async () => {
      const { score, png } = await outputsOf('ml_libs');
      assert.equal(score, 0.953);
      assert.ok((png as number) > 1000);
    });
  });

  it('sets variables that Python reads at its start', async () => {
    assert.deepEqual(await outputsOf('early_vars'), { seeds: ['7', '0'], hashes: [true, true], optimized: 1 });
  });

  it('starts processes in all ways of multiprocessing', async () => {
    assert.deepEqual(await outputsOf('fork_things'), {
      ...{ a: [0, 1, 4, 9], b: [0, 1, 4, 9], c: [0, 1, 4, 9], d: [0, 1, 4, 9] },
      ...{ e: 'child', f: ['sub', 5] },
    });
    assert.deepEqual(await outputsOf('fork_escapes'), { x: 'parent' });
  });

  it('ends like Python: joins threads, runs exit handlers, flushes logging', async () => {
    const { result } = await runCase(shared, 'at_exit');
    assert.deepEqual(result.outputs, { done: true });
    const { stdout } = await logOf(shared, 'AtExit', result.run as string, 'begin');
    const lines = stdout.trim().split('\n');
    assert.deepEqual(lines.toSorted(), ['atexit ran', 'body done', 'buffered log line', 'thread finished']);
    assert.equal(lines[0], 'body done');
  });

  it('fails at the time limit if a thread does not end', async () => {
    const { result } = await runCase(shared, 'thread_for_ever');
    assert.match(JSON.stringify(result), /time limit of 2 s/);
  });

  describe('reports the reason of a failure', () => {
    async function messageOf(name: string): Promise<string> {
      const { result } = await runCase(shared, name);
      return (result.error as { message: string }).message;
    }

    it('reports the current line when the time limit is exceeded', async () => {
      assert.equal(await messageOf('timeout_msg'), 'slow took longer than 1 s, at flow.yaml:8');
    });

    it('names an artifact that cannot be pickled, with its type and the reason', async () => {
      assert.match(
        await messageOf('unpicklable'),
        /^the artifact "lines" cannot be stored: lines is a generator, which/,
      );
      assert.match(
        await messageOf('local_class'),
        /^the artifact "p" cannot be stored: p is a Point, .* into a module/,
      );
    });

    it('names the package that an artifact needs and the step lacks', async () => {
      assert.match(
        await messageOf('pip_step_collect'),
        /^gather reads the artifact "coef", a numpy\.ndarray, but there is no module numpy in its environment/,
      );
    });
  });

  it('works in its own directory with the files of the flow', async () => {
    assert.deepEqual(await outputsOf('cwd_write'), {
      found: Array(4).fill([['conf.txt', 'flow.py', 'flow.yaml', 'helper.py', 'plan.json'], 'as packed', 'as packed']),
      after: 'as packed',
    });
  });

  it('pickles a set in the same way in every process', async () => {
    assert.deepEqual(await outputsOf('set_merge_resume'), { n: 9 });
  });
});
