import { string as argument } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { clusterSettings } from '../cli/cluster.ts';
import { bundleFrom } from '../cli/flow-bundle.ts';
import { readParameters } from '../cli/parameters.ts';
import { RunView } from '../cli/run-view.ts';
import { readSecrets, secretFlags } from '../cli/secrets.ts';
import { storeFlags } from '../cli/store-flags.ts';
import { whiskFlags } from '../cli/whisk-flags.ts';
import type { Secrets } from '../deploy/secrets.ts';
import { EXIT_SYSTEM_ERROR } from '../errors.ts';
import type { RunFailure, RunResult } from '../model/envelope.ts';
import type { Bundle } from '../model/manifest.ts';
import type { Plan } from '../model/plan.ts';
import type { StoreSettings } from '../model/records.ts';
import type { StoreOptions } from '../store/settings.ts';
import { paletteFor } from '../terminal/palette.ts';
import { type Report, reportTo } from '../terminal/report.ts';
import type { WhiskOptions, WhiskSettings } from '../whisk/settings.ts';

/** What `--json` prints. */
interface Answer {
  run: string;
  status: RunResult['status'];
  outputs: Record<string, unknown>;
  error?: RunFailure;
}

interface Target {
  whisk: WhiskSettings;
  store: StoreSettings;
  python: string;
  /** The step actions bring all they need: a cluster's Python has no Metaflow. */
  vendored: boolean;
  /** It ran before this command, and does so after it. */
  stays: boolean;
}

interface Work {
  bundle: Bundle;
  parameters: Record<string, unknown>;
  secrets: Secrets;
  home: string;
  report: Report;
}

/** 128 + SIGINT, as shells count. */
const EXIT_INTERRUPTED = 130;

export default class Run extends BaseCommand {
  static override summary = 'Run a flow and follow it to its end: on the local platform, unless an OpenWhisk is named.';

  static override description =
    'The flow is compiled and deployed first. The local platform is started if it does not run, and stays for the next run.';

  static override examples = [
    '<%= config.bin %> <%= command.id %> flow.yaml',
    '<%= config.bin %> <%= command.id %> flow.yaml -p days=7 -p options=@options.json',
    '<%= config.bin %> <%= command.id %> flow.yaml --apihost https://host --auth uuid:key --datastore s3://bucket/metaflow',
  ];

  static override args = {
    flow: argument({ required: true, description: 'a flow file, or the folder of a compiled bundle', name: 'FLOW' }),
  };

  static override flags = {
    param: string({
      char: 'p',
      description: 'a parameter of the flow; of a file one the path, of a json or secret one the value or @FILE',
      helpValue: 'NAME=VALUE',
      multiple: true,
      default: [],
    }),
    ...whiskFlags,
    ...storeFlags,
    ...secretFlags,
  };

  /** Ends what this command has started, and says what goes on without it. */
  #interrupt: () => Promise<string> = async () => 'interrupted before the run had begun';

  /** Once it is set the process ends with it, whatever becomes of the run meanwhile. */
  #interrupting: Promise<never> | undefined;

  override async run(): Promise<Answer> {
    process.once('SIGINT', () => {
      this.#interrupting = this.#onInterrupt();
    });
    try {
      return await this.#run();
    } finally {
      await this.#interrupting;
    }
  }

  async #run(): Promise<Answer> {
    const { args, flags } = await this.parse(Run);
    const named = [flags.apihost, flags.auth, flags.namespace, flags.datastore, flags.endpoint, flags.profile];
    const isLocal = named.every((flag) => flag === undefined);
    const report = reportTo(process.stderr);
    // All that the user may have to put right comes before anything is started or fetched.
    const bundle = await bundleFrom(args.flow, () => this.#python(flags.home, isLocal));
    const parameters = await readParameters(flags.param, bundle.plan.parameters);
    const secrets = await readSecrets(flags, bundle.plan);
    const target = isLocal ? await this.#local(flags.home, report) : await this.#cluster(flags);
    const answer = await this.#runOn(target, { bundle, parameters, secrets, home: flags.home, report });
    await this.#interrupting;
    this.#tell(bundle.plan, answer);
    if (answer.status !== 'succeeded') process.exitCode = EXIT_SYSTEM_ERROR;
    return answer;
  }

  async #onInterrupt(): Promise<never> {
    const message = await this.#interrupt();
    if (this.jsonEnabled()) this.logJson({ error: { code: 'interrupted', message } });
    else this.logToStderr(`\n${message}`);
    process.exit(EXIT_INTERRUPTED);
  }

  async #python(home: string, isLocal: boolean): Promise<string> {
    const { readPlatform } = await import('../local/state.ts');
    const platform = isLocal ? await readPlatform(home) : undefined;
    return platform?.python ?? (await (await import('../local/python-env.ts')).findPython()).path;
  }

  async #local(home: string, report: Report): Promise<Target> {
    const { startPlatform, stopPlatform } = await import('../local/platform.ts');
    const starting = startPlatform(home, report);
    this.#interrupt = async () => {
      const ours = await starting.catch(() => undefined);
      if (ours?.started !== true) return 'interrupted before the run had begun';
      await stopPlatform(home, report);
      return 'interrupted: the local platform, which this command had started, is stopped, and the run with it';
    };
    const { platform, started } = await starting;
    if (started) report.line('The local platform runs now, and stays for the next run (nuvopipe local stop ends it)');
    else this.#interrupt = async () => 'interrupted before the run had begun';
    const { whisk, store, python } = platform;
    return { whisk, store, python, vendored: false, stays: !started };
  }

  async #cluster(flags: WhiskOptions & StoreOptions): Promise<Target> {
    const settings = await clusterSettings(flags);
    const { findPython } = await import('../local/python-env.ts');
    return { ...settings, python: (await findPython()).path, vendored: true, stays: true };
  }

  async #runOn(target: Target, { bundle, parameters, secrets, home, report }: Work): Promise<Answer> {
    const [{ deployBundle }, { metaflowUser }, { openWhisk }, { openStore }, { RunReader }, runs] = await Promise.all([
      import('../deploy/deploy.ts'),
      import('../deploy/user.ts'),
      import('../whisk/client.ts'),
      import('../store/store.ts'),
      import('../runs/reader.ts'),
      import('../runs/invoke.ts'),
    ]);
    const whisk = openWhisk(target.whisk);
    const store = await openStore(target.store);
    try {
      const { python, vendored } = target;
      // Every entity has a line of its own in a deployment; here only what has changed is worth one.
      const quiet: Report = { ...report, line: (text) => text.startsWith('unchanged') || report.line(text) };
      const user = metaflowUser();
      await deployBundle({ bundle, whisk, store, python, home, vendored, user, secrets, report: quiet });
      const key = { flow: bundle.plan.flow, run: runs.newRunId(new Date()) };
      report.line(`Run ${key.flow}/${key.run}`);
      if (bundle.manifest.triggers) report.line('One run; what starts the flow by itself is set by: nuvopipe deploy');
      if (target.stays) {
        this.#interrupt = async () =>
          `interrupted: the run goes on; look at it with: nuvopipe status ${key.flow}/${key.run}`;
      }
      const view = new RunView(report, paletteFor(process.stderr), process.stderr.isTTY === true);
      const ending = await runs.invokeAndFollow(whisk, new RunReader(store), key, parameters, (status) =>
        view.show(status),
      );
      report.progress('');
      const { status, outputs = {}, error } = ending;
      return { run: key.run, status, outputs, ...(error && { error }) };
    } finally {
      store.close();
      whisk.close();
    }
  }

  #tell({ flow }: Plan, { run, status, outputs, error }: Answer): void {
    const name = `${flow}/${run}`;
    for (const [output, value] of Object.entries(outputs)) {
      this.log(`${this.palette.bold(output)} = ${JSON.stringify(value, undefined, 2)}`);
    }
    const { red, green, cyan, bold } = paletteFor(process.stderr);
    if (status === 'succeeded') {
      this.logToStderr(`${green('✓')} ${name} has succeeded`);
      return;
    }
    const where = error?.step === undefined ? '' : ` in step ${error.step}`;
    this.logToStderr(`${red(bold(`error[run-${status}]`))}${bold(`: ${name} has ${status}${where}`)}`);
    if (error !== undefined) this.logToStderr(`  ${error.message}`);
    const step = error?.step === undefined ? '' : ` --step ${error.step}`;
    this.logToStderr(`  ${cyan('hint')}: see what it wrote with: nuvopipe logs ${name}${step}`);
  }
}
