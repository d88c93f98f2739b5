import { checkStandardModules } from '../../../src/language/rules/standard-modules.ts';
import { rule } from './rule.ts';

rule('standard-modules', checkStandardModules, {
  'accepts names of its own': ['code: [titles.py]\nsteps: [{ step: a, run: pass }]', [], { 'titles.py': '' }],
  "rejects the name of a module of Python's": [
    'code: [calendar.py]\nsteps: [{ step: a, run: pass }]',
    ['2 standard-module'],
    { 'calendar.py': '' },
  ],
  "rejects a package with the name of one of Python's": [
    'code: [email]\nsteps: [{ step: a, run: pass }]',
    ['2 standard-module'],
    { 'email/__init__.py': '' },
  ],
});
