import { run } from '@oclif/core/run';
import { paletteFor } from '../base/terminal/palette.ts';
import { describeError } from './views/render-error.ts';

/** Runs a command. `BaseCommand` reports failures inside a command; this function reports earlier ones. */
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
