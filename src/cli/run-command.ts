import { Config } from '@oclif/core/config';
import { run } from '@oclif/core/run';
import { UserError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { paletteFor } from '../base/terminal/palette.ts';
import { describeError } from './views/render-error.ts';

/** Runs a command. `BaseCommand` reports failures inside a command; this function reports earlier ones. */
export async function runCommand(argv: string[], root: string): Promise<void> {
  try {
    await run(argv, root);
  } catch (error) {
    const failure = describeError((await unknownCommand(error, root)) ?? error);
    process.exitCode = failure.exitCode;
    if (argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: failure.json }, null, 2)}\n`);
    else process.stderr.write(`${failure.text(paletteFor(process.stderr))}\n`);
  }
}

/** oclif takes the words after an unknown command for parts of its name. */
async function unknownCommand(error: unknown, root: string): Promise<UserError | undefined> {
  const [, id] = /^command (\S+) not found$/.exec((error as Error).message) ?? [];
  if (id === undefined) return undefined;
  const { commandIDs } = await Config.load(root);
  const [first = '', second = ''] = id.split(':');
  const isTopic = commandIDs.some((command) => command.startsWith(`${first}:`));
  const name = isTopic ? `${first} ${second}` : first;
  const names = commandIDs.map((command) => command.replaceAll(':', ' '));
  const hint = didYouMean(name, names) ?? `commands: ${names.join(', ')}`;
  return new UserError('no-such-command', `there is no command "${name}"`, hint);
}
