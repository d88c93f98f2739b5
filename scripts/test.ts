/**
 * `npm test`: the checks, then every test there is, TypeScript's and Python's; ends with the line of their counts.
 * Arguments go to mocha.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPython } from '../test/support/home.ts';
import { PYTHON_CHECKS, pythonTools } from './python-tools.ts';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'nuvopipe-counts-'));
const bin = (name: string) => join(root, 'node_modules/.bin', name);

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

function run(title: string, command: string, args: string[], env: NodeJS.ProcessEnv = {}): boolean {
  console.log(`\n== ${title}`);
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return done.status === 0;
}

function mochaTests(args: string[]): Counts {
  const file = join(scratch, 'mocha.json');
  const ok = run('mocha', bin('mocha'), ['--reporter', 'test/support/reporter.cjs', ...args], {
    NUVOPIPE_TEST_COUNTS: file,
  });
  const counts: Counts = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { passed: 0, failed: 0, skipped: 0 };
  return ok || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

function pythonTests(python: string, tools: string): Counts {
  const file = join(scratch, 'pytest.xml');
  const args = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${file}`, 'runtime'];
  const ok = run('pytest', python, args, { PYTHONPATH: tools, PYTHONDONTWRITEBYTECODE: '1' });
  const suite = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const count = (name: string) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  const counts = { passed: count('tests') - failed - count('skipped'), failed, skipped: count('skipped') };
  return ok || failed > 0 ? counts : { ...counts, failed: 1 };
}

const { runtime: python } = await testPython();
const tools = pythonTools(python);
const checks = [
  run('types', bin('tsc'), ['-p', 'tsconfig.json', '--noEmit']),
  run('lint', bin('biome'), ['check', '.']),
  ...PYTHON_CHECKS.map(({ title, args }) => run(title, python, args, { PYTHONPATH: tools })),
];
const results = [pythonTests(python, tools), mochaTests(process.argv.slice(2))];
rmSync(scratch, { recursive: true, force: true });

const sum = (key: keyof Counts) => results.reduce((total, counts) => total + counts[key], 0);
if (checks.includes(false)) console.log('\nA check failed, see above.');
const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}`);
process.exit(checks.includes(false) || sum('failed') > 0 || sum('passed') === 0 ? 1 : 0);
