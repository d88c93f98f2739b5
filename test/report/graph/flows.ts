import { type Picture, pictureOf } from '../../../src/report/graph/picture.ts';
import { readFlow } from '../../../src/syntax/index.ts';
import { Report } from '../../../src/syntax/report.ts';
import { SourceFile } from '../../../src/syntax/source-file.ts';

/** The picture of a flow whose text is given. */
export function pictured(text: string): Picture {
  const report = new Report(new SourceFile('flow.yaml', text), []);
  const flow = readFlow(report);
  if (!flow || report.hasErrors) throw new Error(JSON.stringify(report.diagnostics));
  return pictureOf(flow);
}

/** So many steps in a row. */
export function line(count: number): Picture {
  const steps = Array.from({ length: count }, (_, index) => `  - { step: step_${index + 1}, run: pass }`);
  return pictured(['flow: LineFlow', 'steps:', ...steps].join('\n'));
}

export const TITLES = pictured(`flow: TitlesFlow
resources: { memory: 512, timeout: 2m }
steps:
  - { step: start, run: pass }
  - foreach: titles
    as: title
    concurrency: 3
    steps:
      - { step: shout, run: pass, resources: { memory: 1Gi } }
    join: { step: collect, run: pass }
`);

export const NESTED = pictured(`flow: NestedFlow
steps:
  - branches:
      low:
        - { step: lower, run: pass }
        - foreach: numbers
          steps: [{ step: spell, run: pass, resources: { timeout: 90s } }]
      up: [{ step: upper, run: pass }]
    concurrency: 1
    join: { step: both, run: pass }
`);
