import { string as argument } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { reportTo } from '../../base/terminal/progress.ts';
import { deploy, findPython, local, type RunOutcome, runs } from '../../index.ts';
import { checkRunName, runNameFlag } from '../flags/run-name.ts';
import { readSecrets, secretFlags } from '../flags/secret-flags.ts';
import { isLocal, targetFlags } from '../flags/target-flags.ts';
import { bundleFrom } from '../flow-bundle.ts';
import { FollowingCommand, hintsFor } from '../following-command.ts';
import { outcomeCounts } from '../views/deployed-view.ts';
import { onProgressOf } from '../views/on-progress.ts';

export default class Run extends FollowingCommand {
  static override summary = 'Run a flow and follow it to its end, on the local platform unless you name a cluster.';

  static override description =
    'Compiles and deploys the flow first. The local platform is started if necessary and keeps running.';

  static override examples = [
    '<%= config.bin %> <%= command.id %> flow.yaml',
    '<%= config.bin %> <%= command.id %> flow.yaml -p days=7 -p options=@options.json',
    '<%= config.bin %> <%= command.id %> flow.yaml --apihost https://host --auth uuid:key --datastore s3://bucket/metaflow',
  ];

  static override args = {
    flow: argument({ required: true, description: 'flow file, or folder of a compiled bundle', name: 'FLOW' }),
  };

  static override flags = {
    param: string({
      char: 'p',
      description: 'flow parameter; for type file a path, for json and secret the value or @FILE',
      helpValue: 'NAME=VALUE',
      multiple: true,
      default: [],
    }),
    run: runNameFlag,
    verbose: boolean({ char: 'v', description: 'show every action and package that is deployed' }),
    ...targetFlags,
    ...secretFlags,
  };

  protected override async start(): Promise<{ outcome: RunOutcome; hints: string[] }> {
    const { args, flags } = await this.parse(Run);
    checkRunName(flags.run);
    // All user errors are reported before anything is started or fetched.
    const bundle = await bundleFrom(args.flow, () => this.#python(flags.home, isLocal(flags)));
    const parameters = await runs.parseParameters(bundle, flags.param);
    const secrets = await readSecrets(flags, bundle);
    const target = await this.target(flags);
    const { flow, flowVersion, triggers } = bundle.manifest;
    const onProgress = onProgressOf(reportTo(process.stderr, { details: flags.verbose }));
    const { entities } = await deploy(bundle, { to: target, secrets, triggers: false, home: flags.home, onProgress });
    this.report.line(`Deployed ${flow}: ${outcomeCounts(entities)}`);
    const outcome = await this.follow(
      target,
      ({ onStart, ...options }) =>
        runs.start(target, flow, {
          ...options,
          name: flags.run,
          parameters,
          onStart: (key) => {
            onStart?.(key);
            this.report.line(`Run ${key.flow}/${key.run}`);
            if (triggers)
              this.report.line('This was a single run; to start the flow automatically, use: nuvopipe deploy');
          },
        }),
      flowVersion,
    );
    return { outcome, hints: hintsFor(outcome, `nuvopipe deploy ${args.flow}${isLocal(flags) ? ' --local' : ''}`) };
  }

  /** That of the local platform, if it runs. */
  async #python(home: string, isLocal: boolean): Promise<string> {
    const platform = isLocal ? await local.find({ home }) : undefined;
    return platform?.local.python ?? findPython();
  }
}
