/**
 * `npm test`: checks, then every test in TypeScript and Python; the last line has their counts. `npm test -- fast` runs the
 * fast lane only. Other arguments are mocha's, and only mocha runs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPython } from '../../test/support/home.ts';
import { PYTHON_CHECKS, pythonTools } from '../python-tools.ts';
import { type Counts, runCheck, runSuites } from './run.ts';
import { ALL, FAST, type Suite } from './suites.ts';

const args = process.argv.slice(2);
const [suites, time]: [readonly Suite[], string] =
  args[0] === 'fast'
    ? [FAST, 'about two minutes']
    : args.length > 0
      ? [[{ title: 'mocha', runner: 'mocha', args }], '']
      : [ALL, 'about 20 minutes on two quiet cores, and a few more the first time; npm run test:fast takes two'];
if (time !== '') console.log(`This takes ${time}.`);

const { runtime: python } = await testPython();
const tools = pythonTools(python);
const scratch = mkdtempSync(join(tmpdir(), 'nuvopipe-counts-'));
const checks =
  time === ''
    ? []
    : [
        await runCheck('types', 'node_modules/.bin/tsc', ['-p', 'tsconfig.json', '--noEmit']),
        await runCheck('lint', 'node_modules/.bin/biome', ['check', '.']),
      ];
if (suites === ALL)
  for (const check of PYTHON_CHECKS)
    checks.push(await runCheck(check.title, python, check.args, { PYTHONPATH: tools }));
const results = await runSuites(suites, { python, tools, scratch });
rmSync(scratch, { recursive: true, force: true });

const sum = (key: keyof Counts) => results.reduce((total, counts) => total + counts[key], 0);
if (checks.includes(false)) console.log('\nA check failed, see above.');
const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}`);
process.exit(checks.includes(false) || sum('failed') > 0 || sum('passed') === 0 ? 1 : 0);
