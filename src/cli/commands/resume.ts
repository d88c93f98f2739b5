import { string } from '@oclif/core/flags';
import { UserError } from '../../base/errors.ts';
import { findRun, pathspec } from '../../platform/runs/find-run.ts';
import type { RunKey } from '../../platform/runs/reader.ts';
import { RunReader } from '../../platform/runs/reader.ts';
import { runArgument } from '../flags/run-argument.ts';
import { checkRunName, runNameFlag } from '../flags/run-name.ts';
import { targetFlags, withClients } from '../flags/target-flags.ts';
import { FollowingCommand, hintsFor, type RunAnswer } from '../following-command.ts';
import { warnOfUnreadable } from '../with-runs.ts';

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

  protected override async start(): Promise<{ key: RunKey; answer: RunAnswer; hints: string[] }> {
    const { args, flags } = await this.parse(Resume);
    checkRunName(flags.run);
    const target = await this.target(flags);
    const { newRunId } = await import('../../platform/runs/invoke.ts');
    return withClients(target, async (clients) => {
      const reader = new RunReader(clients.store);
      const origin = await findRun(reader, args.run);
      warnOfUnreadable(reader);
      const refused = (await reader.run(origin))?.refused;
      if (refused !== undefined) {
        const message = `${pathspec(origin)} was rejected because of its parameters: ${refused}`;
        throw new UserError('refused-run', message, 'start it again with other parameters');
      }
      const key = { flow: origin.flow, run: flags.run ?? newRunId(new Date()) };
      const begins = `Run ${key.flow}/${key.run}, resumed from ${origin.run}`;
      const parameters = { resume: origin.run, ...(flags.from !== undefined && { from: flags.from }) };
      const answer = await this.follow(clients, target, { ...key, isNew: flags.run === undefined, begins }, parameters);
      return { key, answer, hints: hintsFor(key, answer, 'deploy the flow again') };
    });
  }
}
