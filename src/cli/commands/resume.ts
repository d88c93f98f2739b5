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
  static override summary =
    'Go on with a run that has failed or was cancelled, as a new run of the flow as it is deployed now.';

  static override description =
    'What the run has done already is taken over, also of a half-done foreach; only what is missing is executed. The parameters are those of the run. Deploy a corrected flow first.';

  static override examples = [
    '<%= config.bin %> <%= command.id %> HelloFlow/20260102030405-1a2b3c4d',
    '<%= config.bin %> <%= command.id %> 20260102030405 --from train',
  ];

  static override args = {
    run: runArgument,
  };

  static override flags = {
    from: string({ description: 'execute this step again, and all that follows it', helpValue: 'STEP' }),
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
        const message = `${pathspec(origin)} was refused for its parameters: ${refused}`;
        throw new UserError('refused-run', message, 'start it again, with others');
      }
      const key = { flow: origin.flow, run: flags.run ?? newRunId(new Date()) };
      const begins = `Run ${key.flow}/${key.run}, resumed from ${origin.run}`;
      const parameters = { resume: origin.run, ...(flags.from !== undefined && { from: flags.from }) };
      const answer = await this.follow(clients, target, { ...key, isNew: flags.run === undefined, begins }, parameters);
      return { key, answer, hints: hintsFor(key, answer, 'deploy the flow again') };
    });
  }
}
