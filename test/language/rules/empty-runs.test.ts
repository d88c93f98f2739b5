import { checkEmptyRuns } from '../../../src/language/rules/empty-runs.ts';
import { rule } from './rule.ts';

rule('empty-runs', checkEmptyRuns, {
  'accepts pass': ['steps: [{ step: a, run: pass }]', []],
  'accepts a comment alone': ['steps:\n  - step: a\n    run: |\n      # nothing yet', []],
  'rejects an empty run': ['steps: [{ step: a, run: "" }]', ['2 empty-run']],
  'rejects white space': ['steps: [{ step: a, run: "  \\n " }]', ['2 empty-run']],
});
