import { string } from '@oclif/core/flags';
import { type RunOutcome, runs } from '../../index.ts';
import { runArgument } from '../flags/run-argument.ts';
import { checkRunName, runNameFlag } from '../flags/run-name.ts';
import { targetFlags } from '../flags/target-flags.ts';
import { FollowingCommand, hintsFor } from '../following-command.ts';
import { reportingSkipped } from '../views/skipped-objects.ts';
import { versionChangeText } from '../views/version-change-view.ts';

export default class Resume extends FollowingCommand {
  static override summary = 'Resume a failed or cancelled run as a new run of the currently deployed flow.';

  static override description =
    'Completed work is reused, even within a partly completed foreach; only the rest is executed, with the same parameters. Deploy the corrected flow first.';

  static override examples = [
    '<%= config.bin %> <%= command.id %> HelloFlow/20260102030405-1a2b3c4d',
    '<%= config.bin %> <%= command.id %> 20260102030405 --from train',
  ];

  static override args = {
    run: runArgument,
  };

  static override flags = {
    from: string({ description: 'execute this step and everything after it again', helpValue: 'STEP' }),
    run: runNameFlag,
    ...targetFlags,
  };

  protected override async start(): Promise<{ outcome: RunOutcome; hints: string[] }> {
    const { args, flags } = await this.parse(Resume);
    checkRunName(flags.run);
    const target = await this.target(flags);
    let origin: string | undefined;
    const outcome = await this.follow(target, ({ onStatus, ...options }) =>
      runs.resume(target, args.run, {
        ...reportingSkipped,
        ...options,
        from: flags.from,
        name: flags.run,
        onOrigin: ({ run }) => {
          origin = run;
        },
        onVersionChange: (change) => this.report.line(versionChangeText(change)),
        onStatus: (status) => {
          // Not before there is a run: it may be refused.
          if (origin !== undefined) this.report.line(`Run ${status.flow}/${status.run}, resumed from ${origin}`);
          origin = undefined;
          onStatus?.(status);
        },
      }),
    );
    return { outcome, hints: hintsFor(outcome, 'deploy the flow again') };
  }
}
