import { string as argument } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { UserError } from '../../base/errors.ts';
import { BaseCommand } from '../base-command.ts';

export default class Init extends BaseCommand {
  static override summary = 'Create a working starter flow with tests.';
  static override description = 'Existing files are not overwritten.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> churn --name ChurnFlow',
  ];
  static override args = {
    dir: argument({ description: 'folder to write to, created if necessary', name: 'DIR', default: '.' }),
  };
  static override flags = {
    name: string({ description: 'name of the flow', helpValue: 'FLOW', defaultHelp: 'derived from the folder’s name' }),
  };

  override async run(): Promise<{ flow: string; files: string[] }> {
    const { args, flags } = await this.parse(Init);
    const [{ flowNameFor, STARTER_FLOW, starterFiles }, { flowNameProblem }, { writeNewFiles }, { join }] =
      await Promise.all([
        import('../starter/starter.ts'),
        import('../../index.ts'),
        import('../starter/new-files.ts'),
        import('node:path'),
      ]);
    const flow = flags.name ?? flowNameFor(args.dir);
    const problem = await flowNameProblem(flow);
    if (problem) throw new UserError(problem.code, problem.message, problem.hint);
    const files = await writeNewFiles(args.dir, await starterFiles(flow));
    this.log(`${this.palette.green('✓')} ${flow} was created: ${files.join(', ')}`);
    this.log(`Next: nuvopipe run ${join(args.dir, STARTER_FLOW)}`);
    return { flow, files };
  }
}
