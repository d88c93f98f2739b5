/** Part of `npm run lint`: checks the Python of this repository. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { testPython } from '../test/support/home.ts';
import { PYTHON_CHECKS, pythonTools } from './python-tools.ts';

const { runtime: python } = await testPython();
const env = { ...process.env, PYTHONPATH: pythonTools(python) };
const cwd = join(import.meta.dirname, '..');
const passed = PYTHON_CHECKS.map(({ args }) => spawnSync(python, args, { cwd, env, stdio: 'inherit' }).status === 0);
process.exit(passed.includes(false) ? 1 : 0);
