import { string as argument } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import type { Progress } from '../../base/terminal/progress.ts';
import { readParameters } from '../../platform/runs/parameter-texts.ts';
import type { RunKey } from '../../platform/runs/reader.ts';
import { checkRunName, runNameFlag } from '../flags/run-name.ts';
import { readSecrets, secretFlags } from '../flags/secret-flags.ts';
import { isLocal, targetFlags, withClients } from '../flags/target-flags.ts';
import { bundleFrom } from '../flow-bundle.ts';
import { FollowingCommand, hintsFor, type RunAnswer } from '../following-command.ts';

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
    ...targetFlags,
    ...secretFlags,
  };

  protected override async start(): Promise<{ key: RunKey; answer: RunAnswer; hints: string[] }> {
    const { args, flags } = await this.parse(Run);
    checkRunName(flags.run);
    // All user errors are reported before anything is started or fetched.
    const bundle = await bundleFrom(args.flow, () => this.#python(flags.home, isLocal(flags)));
    const parameters = await readParameters(flags.param, bundle.plan.parameters);
    const secrets = await readSecrets(flags, bundle.plan);
    const target = await this.target(flags);
    const [{ deployBundle }, { metaflowUser }, { newRunId }] = await Promise.all([
      import('../../platform/deploy/deploy-bundle.ts'),
      import('../../platform/deploy/user.ts'),
      import('../../platform/runs/invoke.ts'),
    ]);
    const { report } = this;
    // A deployment lists every entity; here only changes are shown.
    const quiet: Progress = { ...report, line: (text) => text.startsWith('unchanged') || report.line(text) };
    return withClients(target, async ({ whisk, store }) => {
      await deployBundle({
        ...{ bundle, whisk, store, secrets, python: await target.python(), home: flags.home },
        ...{ vendored: target.vendored, user: metaflowUser(), report: quiet },
      });
      const key = { flow: bundle.plan.flow, run: flags.run ?? newRunId(new Date()) };
      report.line(`Run ${key.flow}/${key.run}`);
      if (bundle.manifest.triggers)
        report.line('This was a single run; to start the flow automatically, use: nuvopipe deploy');
      const start = { ...key, isNew: flags.run === undefined, bundle: bundle.plan.hash };
      const answer = await this.follow({ whisk, store }, target, start, parameters);
      const deploy = `nuvopipe deploy ${args.flow}${isLocal(flags) ? ' --local' : ''}`;
      return { key, answer, hints: hintsFor(key, answer, deploy) };
    });
  }

  async #python(home: string, local: boolean): Promise<string> {
    const { readPlatform } = await import('../../twin/host/platform-state.ts');
    const platform = local ? await readPlatform(home) : undefined;
    return platform?.python ?? (await (await import('../../twin/host/python-env.ts')).findPython()).path;
  }
}
