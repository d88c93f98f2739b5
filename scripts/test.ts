/**
 * `npm test`: the checks, then every test there is, TypeScript's and Python's; ends with the line of their counts.
 * Arguments go to mocha.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPython } from '../test/support/home.ts';

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

/** pytest and ruff, pinned, beside the runtime's own environment, which stays as users have it. */
function pythonTools(python: string): string {
  const lock = join(root, 'runtime/requirements-test.lock');
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex').slice(0, 12);
  const place = join(tmpdir(), `nuvopipe-test-tools-${process.getuid?.() ?? 0}-${hash}`);
  if (!existsSync(place)) {
    const draft = `${place}.${process.pid}`;
    const flags = ['--quiet', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'];
    if (!run('Python test tools', python, ['-m', 'pip', 'install', ...flags, '--target', draft, '-r', lock]))
      throw new Error('pytest and ruff cannot be installed');
    if (existsSync(place)) rmSync(draft, { recursive: true });
    else renameSync(draft, place);
  }
  return place;
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
  run('lint (Python)', join(tools, 'bin/ruff'), ['check', 'runtime']),
  run('format (Python)', join(tools, 'bin/ruff'), ['format', '--check', 'runtime']),
];
const results = [pythonTests(python, tools), mochaTests(process.argv.slice(2))];
rmSync(scratch, { recursive: true, force: true });

const sum = (key: keyof Counts) => results.reduce((total, counts) => total + counts[key], 0);
if (checks.includes(false)) console.log('\nA check failed, see above.');
const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}`);
process.exit(checks.includes(false) || sum('failed') > 0 || sum('passed') === 0 ? 1 : 0);
