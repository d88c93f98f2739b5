import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Progress } from '../../base/terminal/progress.ts';

/** Only wheels, so that no code of a package is executed. */
const FLAGS = ['--only-binary=:all:', '--no-input', '--disable-pip-version-check', '--no-color'];

/** Maximum number of lines of pip in an error: a conflict has about ten. */
const LINES_MAX = 12;

/** A line with all versions of a package can have thousands of characters. */
const LINE_MAX_LENGTH = 300;

/**
 * Runs `pip install` and shows its output as progress.
 *
 * @returns undefined on success, otherwise pip's last lines, indented
 */
export async function pipInstall(
  python: string,
  args: readonly string[],
  report: Progress,
): Promise<string | undefined> {
  const pip = spawn(python, ['-I', '-m', 'pip', 'install', ...FLAGS, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const add = (line: string) => {
    if (line.trim() === '') return;
    lines.push(line.length > LINE_MAX_LENGTH ? `${line.slice(0, LINE_MAX_LENGTH)}…` : line);
    report.progress(`  ${line.trim()}`);
  };
  for (const stream of [pip.stdout, pip.stderr]) createInterface(stream).on('line', add);
  const code = await new Promise<number | null>((resolve, reject) => pip.on('error', reject).on('close', resolve));
  if (code === 0) return undefined;
  return [`pip ended with ${code}`, ...lines.slice(-LINES_MAX)].join('\n  ');
}
