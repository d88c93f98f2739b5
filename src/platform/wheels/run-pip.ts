import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Progress } from '../../base/terminal/progress.ts';

/** Only wheels, so that no code of a package is executed. */
const FLAGS = ['--only-binary=:all:', '--no-input', '--disable-pip-version-check', '--no-color'];

/** Why pip failed. */
export interface PipFailure {
  message: string;
  /** A requirement without a matching wheel, and the available versions. */
  unmet?: { requirement: string; versions: string[] };
  /** Conflicting requirements, in pip's words. */
  conflict?: string[];
  /** The package index did not answer. */
  isOffline: boolean;
}

/**
 * `pip install`, with what it does as progress.
 * @returns undefined if it went well.
 */
export async function pipInstall(
  python: string,
  args: readonly string[],
  report: Progress,
): Promise<PipFailure | undefined> {
  const pip = spawn(python, ['-I', '-m', 'pip', 'install', ...FLAGS, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  createInterface(pip.stdout).on('line', (line) => {
    said.push(line);
    if (/^(Collecting|Downloading|Installing)/.test(line.trim())) report.progress(`  ${line.trim()}`);
  });
  createInterface(pip.stderr).on('line', (line) => said.push(line));
  const code = await new Promise<number | null>((resolve, reject) => pip.on('error', reject).on('close', resolve));
  return code === 0 ? undefined : failureOf(said, `pip ended with ${code}`);
}

const UNMET = /^Could not find a version that satisfies the requirement (.+?) \(from versions: (.*)\)$/;
const CONFLICT_HEAD = 'The conflict is caused by:';

/** Parses the output of pip 23 to 25. */
function failureOf(said: readonly string[], fallback: string): PipFailure {
  const errors = said.filter((line) => line.startsWith('ERROR: ')).map((line) => line.slice('ERROR: '.length));
  const message = errors.findLast((error) => !error.startsWith('ResolutionImpossible')) ?? fallback;
  const [, requirement, versions] = errors.map((error) => UNMET.exec(error)).find((match) => match !== null) ?? [];
  const head = said.indexOf(CONFLICT_HEAD) + 1;
  const conflict = head === 0 ? [] : said.slice(head, said.indexOf('', head)).map((line) => line.trim());
  return {
    message,
    ...(requirement && { unmet: { requirement, versions: versionsIn(versions) } }),
    ...(conflict.length > 0 && { conflict }),
    isOffline: versions === 'none' && said.some((line) => line.startsWith('WARNING: Retrying ')),
  };
}

function versionsIn(text = ''): string[] {
  return text === 'none' ? [] : text.split(', ');
}
