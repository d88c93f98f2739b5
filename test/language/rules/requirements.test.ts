import { checkRequirements } from '../../../src/language/rules/requirements.ts';
import { rule } from './rule.ts';

const flow = (pip: string) => `environment:\n  pip: [${pip}]\nsteps: [{ step: a, run: pass }, { step: b, run: pass }]`;

rule('requirements', checkRequirements, {
  'accepts pinned requirements with extras and markers': [
    flow(`"a==1.0", "b[x,y]==2", 'c==3; python_version > "3"'`),
    [],
  ],
  'rejects a requirement without a version': [flow('numpy'), ['3 not-pinned']],
  'rejects a range': [flow('"numpy>=1.0"'), ['3 not-pinned']],
  'rejects a distribution that is required twice, in any spelling': [
    flow('"my-lib==1", "My_Lib==2"'),
    ['3 duplicate-requirement'],
  ],
});
