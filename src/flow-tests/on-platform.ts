import { toJson } from '../base/json.ts';
import type { Progress } from '../base/terminal/progress.ts';
import type { Bundle } from '../contract/manifest.ts';
import type { Plan } from '../contract/plan.ts';
import { EXACT_PARAMETERS, PARAMETERS_STEP } from '../contract/protocol.generated.ts';
import { startPlatform, stopPlatform } from '../twin/host/platform.ts';
import type { Platform } from '../twin/host/platform-state.ts';
import type { Simulation } from './in-simulation.ts';
import { type TestCase, valuesOf } from './test-file.ts';
import type { Attempt, FinishedRun } from './test-outcome.ts';

/** The local platform for tests: started if necessary, and stopped again afterwards. */
export class TestPlatform {
  readonly #home: string;
  readonly #platform: Platform;
  readonly #started: boolean;

  private constructor(home: string, platform: Platform, started: boolean) {
    this.#home = home;
    this.#platform = platform;
    this.#started = started;
  }

  static async start(home: string, report: Progress): Promise<TestPlatform> {
    const { platform, started } = await startPlatform(home, report);
    return new TestPlatform(home, platform, started);
  }

  /**
   * Runs a case like `nuvopipe run`.
   *
   * @param reader opens artifacts, which requires a Python with the flow's code
   */
  async run(
    bundle: Bundle,
    { parameters, secrets }: TestCase,
    artifacts: Record<string, string[]>,
    reader: Simulation,
    report: Progress,
  ): Promise<FinishedRun> {
    const [{ deployBundle }, { metaflowUser }, { openWhisk }, { openStore }, { RunReader }, runs] = await Promise.all([
      import('../platform/deploy/deploy-bundle.ts'),
      import('../platform/deploy/user.ts'),
      import('../platform/openwhisk/client.ts'),
      import('../platform/s3/store.ts'),
      import('../platform/runs/reader.ts'),
      import('../platform/runs/invoke.ts'),
    ]);
    const { python, store: settings } = this.#platform;
    const whisk = openWhisk(this.#platform.whisk);
    const store = await openStore(settings);
    const started = performance.now();
    try {
      const quiet: Progress = { ...report, line: () => undefined };
      const options = { python, vendored: false, home: this.#home, user: metaflowUser(), secrets: process.env };
      const given = { ...madeUp(bundle.plan), ...(valuesOf(secrets) as Record<string, string>) };
      await deployBundle({ bundle, whisk, store, ...options, secrets: given, report: quiet });
      const key = { flow: bundle.plan.flow, run: runs.newRunId(new Date()) };
      const runReader = new RunReader(store);
      const { status, error } = await runs.invokeAndFollow(
        whisk,
        runReader,
        key,
        { [EXACT_PARAMETERS]: toJson(valuesOf(parameters)) },
        () => undefined,
      );
      return {
        status,
        ...(error && { error }),
        attempts: await attemptsOf(runReader, key),
        artifacts: Object.keys(artifacts).length === 0 ? {} : await reader.read(settings, key.run, artifacts),
        log: '',
        ms: performance.now() - started,
      };
    } finally {
      store.close();
      whisk.close();
    }
  }

  /** Does not stop a platform that was already running. */
  async close(report: Progress): Promise<void> {
    if (this.#started) await stopPlatform(this.#home, report);
  }
}

/** Default values of secrets; the same as in `cases.py`. */
function madeUp(plan: Plan): Record<string, string> {
  const names = Object.values(plan.steps).flatMap(({ secrets = [] }) => secrets);
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? `test-${name}`]));
}

type Reader = import('../platform/runs/reader.ts').RunReader;
type Key = import('../platform/runs/reader.ts').RunKey;

async function attemptsOf(reader: Reader, key: Key): Promise<Attempt[]> {
  const { tasks } = await reader.listing(key);
  const records = await Promise.all(tasks.map((entry) => reader.attempts(key, entry)));
  return records
    .flat()
    .filter(({ step }) => step !== PARAMETERS_STEP)
    .map(({ step, at, attempt, ok, error, started, ended }) => ({
      ...{ step, at, attempt, ok, ms: ended - started },
      ...(error !== undefined && { error }),
    }));
}
