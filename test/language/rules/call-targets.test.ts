import { checkCallTargets } from '../../../src/language/rules/call-targets.ts';
import { rule } from './rule.ts';

const call = (target: string, more = '') => `code: [lib.py]\nsteps:\n  - { step: a, call: "${target}"${more} }`;
const code = { 'lib.py': 'def f(): return {}\n', 'pkg/__init__.py': '', 'pkg/mod.py': '' };

rule('call-targets', checkCallTargets, {
  'accepts a function of a module': [call('lib:f'), [], code],
  'accepts a package and a module of a package': [
    'code: [pkg]\nsteps: [{ step: a, call: "pkg:f" }, { step: b, call: "pkg.mod:f" }]',
    [],
    code,
  ],
  'rejects a keyword as a function': [call('lib:class'), ['4 bad-call'], code],
  'rejects a module that is not in the code': [call('libs:f'), ['4 no-such-module'], code],
  'accepts any module where packages are installed': [call('libs:f', ', environment: { pip: [a==1] }'), [], code],
});
