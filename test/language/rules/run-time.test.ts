import { checkRunTime } from '../../../src/language/rules/run-time.ts';
import { rule } from './rule.ts';

rule('run-time', checkRunTime, {
  'accepts steps that end within the run': [
    'timeout: 5m\nsteps: [{ step: a, run: pass, resources: { timeout: 4m } }]',
    [],
  ],
  'warns of a step that can take longer than the run': [
    'timeout: 1m\nsteps: [{ step: a, run: pass, resources: { timeout: 2m } }]',
    ['3 timeout-above-run?'],
  ],
  'warns of a default for steps above the limit of the run': [
    'timeout: 1m\nresources: { timeout: 2m }\nsteps: [{ step: a, run: pass }]',
    ['3 timeout-above-run?'],
  ],
  'accepts any step without a limit of the run': ['steps: [{ step: a, run: pass, resources: { timeout: 4m } }]', []],
});
