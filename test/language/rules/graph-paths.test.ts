import { checkGraphPaths } from '../../../src/language/rules/graph-paths.ts';
import { rule } from './rule.ts';

const switches = (count: number) =>
  `parameters: { x: { type: boolean, default: true } }\nsteps:\n${Array.from(
    { length: count },
    (_, index) => `  - switch: x\n    cases: { true: [{ step: s${index}, run: pass }] }\n    default: []`,
  ).join('\n')}`;

rule('graph-paths', checkGraphPaths, {
  'accepts a few decisions': [switches(5), []],
  'warns of decisions whose paths multiply beyond what Metaflow follows': [switches(30), ['3 too-many-paths?']],
});
