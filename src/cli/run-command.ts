import { run } from '@oclif/core/run';
import { paletteFor } from '../terminal/palette.ts';
import { describeError } from './render-error.ts';

/** Runs the command that the arguments name. Failures inside of a command are told by `BaseCommand`, those before it here. */
export async function runCommand(argv: string[], root: string): Promise<void> {
  try {
    await run(argv, root);
  } catch (error) {
    const failure = describeError(error);
    process.exitCode = failure.exitCode;
    if (argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: failure.json }, null, 2)}\n`);
    else process.stderr.write(`${failure.text(paletteFor(process.stderr))}\n`);
  }
}
