import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Report } from './terminal/report.ts';

/** Only wheels, so that nothing is built and no code of a package runs. */
const FLAGS = ['--only-binary=:all:', '--no-input', '--disable-pip-version-check', '--no-color'];

/**
 * `pip install`, with what it does as progress.
 * @returns undefined if it went well, else its last error.
 */
export async function pipInstall(python: string, args: readonly string[], report: Report): Promise<string | undefined> {
  const pip = spawn(python, ['-I', '-m', 'pip', 'install', ...FLAGS, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: string[] = [];
  createInterface(pip.stdout).on('line', (line) => {
    if (/^(Collecting|Downloading|Installing)/.test(line.trim())) report.progress(`  ${line.trim()}`);
  });
  createInterface(pip.stderr).on('line', (line) => {
    if (line.startsWith('ERROR: ')) errors.push(line.slice('ERROR: '.length));
  });
  const code = await new Promise<number | null>((resolve, reject) => pip.on('error', reject).on('close', resolve));
  return code === 0 ? undefined : (errors.at(-1) ?? `pip ended with ${code}`);
}
