import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Suite } from './suites.ts';

const root = join(import.meta.dirname, '../..');

/** Suites that run at the same time: each keeps about one core busy. */
const AT_ONCE = 2;

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Interpreter, folder of the test tools, and a folder for the counts. */
export interface Tools {
  python: string;
  tools: string;
  scratch: string;
}

/** Runs a check and shows what it prints; false if it failed. */
export async function runCheck(title: string, command: string, args: string[], env = {}): Promise<boolean> {
  console.log(`\n== ${title}`);
  const { ok, output } = await run(command, args, env);
  process.stdout.write(output);
  return ok;
}

/** A line of mocha's for a test that fails. */
const FAILING = /^ *\d+\) /;

/** Runs suites, {@link AT_ONCE} at a time in their order. Prints failing tests at once, and the output of each suite when it ends. */
export async function runSuites(suites: readonly Suite[], tools: Tools): Promise<Counts[]> {
  const waiting = [...suites.entries()];
  const results: Counts[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, suite] = next;
      const began = Date.now();
      if (suites.length > 1) console.log(`\n== ${suite.title}: started`);
      const { counts, output } = await runSuite(suite, join(tools.scratch, String(index)), tools, suites.length === 1);
      const minutes = ((Date.now() - began) / 60_000).toFixed(1);
      console.log(`\n== ${suite.title}\n${output}\n== ${suite.title}: ended after ${minutes} minutes`);
      results.push(counts);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

async function runSuite(
  suite: Suite,
  file: string,
  { python, tools }: Tools,
  live: boolean,
): Promise<{ counts: Counts; output: string }> {
  const { ok, output } =
    suite.runner === 'mocha'
      ? await run(
          'node_modules/.bin/mocha',
          ['--reporter', 'test/support/reporter.cjs', ...suite.args],
          { NUVOPIPE_TEST_COUNTS: file },
          live,
          (line) => FAILING.test(line) && console.log(`${suite.title}: ${line.trim()}`),
        )
      : await run(
          python,
          ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${file}`, ...suite.args],
          { PYTHONPATH: tools, PYTHONDONTWRITEBYTECODE: '1' },
          live,
        );
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const counts = suite.runner === 'mocha' ? mochaCounts(text) : pytestCounts(text);
  // A process that died, or that found no test, is a failure whatever it has counted.
  const isSound = (ok || counts.failed > 0) && counts.passed + counts.failed > 0;
  return { counts: isSound ? counts : { ...counts, failed: counts.failed + 1 }, output };
}

function mochaCounts(text: string): Counts {
  return text === '' ? { passed: 0, failed: 0, skipped: 0 } : JSON.parse(text);
}

function pytestCounts(xml: string): Counts {
  const count = (name: string) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return { passed: count('tests') - failed - count('skipped'), failed, skipped: count('skipped') };
}

/** Children still running: a signal to this process ends them too. */
const running = new Set<ReturnType<typeof spawn>>();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
  });

function run(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  live = false,
  onLine?: (line: string) => void,
): Promise<{ ok: boolean; output: string }> {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
    env: { ...process.env, ...env },
  });
  running.add(child);
  let output = '';
  if (child.stdout && onLine) createInterface(child.stdout).on('line', onLine);
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      running.delete(child);
      resolve({ ok: code === 0, output });
    });
  });
}
