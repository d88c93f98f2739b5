import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from '@oclif/core/command';
import { string } from '@oclif/core/flags';
import { toJson } from '../base/json.ts';
import type { Palette } from '../base/terminal/palette.ts';
import { paletteFor } from '../base/terminal/palette.ts';
import { describeError } from './views/render-error.ts';

/**
 * Shared by all commands: `--json`, `--home`, and the reporting of failures.
 *
 * With `--json`, stdout receives exactly one JSON document: the result of `run()`, or `{"error": …}`. Everything else
 * goes to stderr. A command that fails without an error, such as a failed run, sets `process.exitCode` and returns
 * its document.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    home: string({
      description: 'where the local platform keeps its state',
      env: 'NUVOPIPE_HOME',
      helpGroup: 'GLOBAL',
      helpValue: 'DIR',
      default: async () => join(homedir(), '.nuvopipe'),
      defaultHelp: '~/.nuvopipe',
      noCacheDefault: true,
      parse: async (dir) => resolve(dir),
    }),
  };

  /** Colours of the output of {@link log}. */
  protected get palette(): Palette {
    return paletteFor(this.jsonEnabled() ? process.stderr : process.stdout);
  }

  /** Prints a line for people: to stdout, or to stderr with `--json`. */
  override log(message = ''): void {
    (this.jsonEnabled() ? process.stderr : process.stdout).write(`${message}\n`);
  }

  /** Prints progress and warnings, which are not part of the command's answer. */
  override logToStderr(message = ''): void {
    process.stderr.write(`${message}\n`);
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${toJson(json, 2)}\n`);
  }

  protected override async catch(error: Error & { oclif?: { exit?: number }; code?: string }): Promise<void> {
    if (error.code === 'EEXIT') {
      process.exitCode = error.oclif?.exit ?? 0;
      return;
    }
    const failure = describeError(error);
    process.exitCode = failure.exitCode;
    if (this.jsonEnabled()) this.logJson({ error: failure.json });
    else this.logToStderr(failure.text(paletteFor(process.stderr)));
  }
}
