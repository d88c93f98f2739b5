import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** What is pinned for developers: pytest, ruff, mypy, import-linter, hatchling. */
const LOCK = join(root, 'runtime/requirements-test.lock');

/** A command that works on the Python of this repository, and what it does. */
export interface PythonCommand {
  title: string;
  args: string[];
}

const LINT_IMPORTS = `
import sys
from importlinter.cli import lint_imports_command
sys.path.insert(0, "runtime/src")
lint_imports_command(["runtime/pyproject.toml", "--no-cache", "--no-logo"])
`;

/** Run by Python in the repository's folder, with the tools on its path. */
export const PYTHON_CHECKS: readonly PythonCommand[] = [
  { title: 'lint (Python)', args: ['-m', 'ruff', 'check', '.'] },
  { title: 'format (Python)', args: ['-m', 'ruff', 'format', '--check', '.'] },
  { title: 'imports (Python)', args: ['-c', LINT_IMPORTS] },
  { title: 'types (Python)', args: ['-m', 'mypy', '--config-file', 'runtime/pyproject.toml'] },
];

/** Sort imports, fix what can be fixed safely, and format. */
export const PYTHON_FORMATTERS: readonly PythonCommand[] = [
  { title: 'fix (Python)', args: ['-m', 'ruff', 'check', '--fix', '.'] },
  { title: 'format (Python)', args: ['-m', 'ruff', 'format', '.'] },
];

/** Folder for `PYTHONPATH` with the pinned tools, beside the runtime's own environment, which stays as users have it. */
export function pythonTools(python: string): string {
  const hash = createHash('sha256').update(readFileSync(LOCK)).digest('hex').slice(0, 12);
  const place = join(root, '.cache', `python-tools-${hash}`);
  if (existsSync(place)) return place;
  console.log('\n== Python tools');
  mkdirSync(dirname(place), { recursive: true });
  const draft = mkdtempSync(`${place}.`);
  const flags = ['--quiet', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'];
  const { status } = spawnSync(python, ['-m', 'pip', 'install', ...flags, '--target', draft, '-r', LOCK], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`cannot install ${LOCK}`);
  if (existsSync(place)) rmSync(draft, { recursive: true });
  else renameSync(draft, place);
  return place;
}
