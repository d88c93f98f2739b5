/** Part of `npm run lint`: checks the Python of this repository. With `--write`, part of `npm run format`: formats it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { testPython } from '../test/support/home.ts';
import { PYTHON_CHECKS, PYTHON_FORMATTERS, pythonTools } from './python-tools.ts';

const { runtime: python } = await testPython();
const env = { ...process.env, PYTHONPATH: pythonTools(python) };
const cwd = join(import.meta.dirname, '..');
const commands = process.argv.includes('--write') ? PYTHON_FORMATTERS : PYTHON_CHECKS;
const passed = commands.map(({ args }) => spawnSync(python, args, { cwd, env, stdio: 'inherit' }).status === 0);
process.exit(passed.includes(false) ? 1 : 0);
