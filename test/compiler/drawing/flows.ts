import { type Picture, pictureOf } from '../../../src/compiler/drawing/picture.ts';
import { Diagnostics } from '../../../src/language/diagnostics/report.ts';
import { SourceFile } from '../../../src/language/diagnostics/source-file.ts';
import { readFlow } from '../../../src/language/syntax/read-flow.ts';

/** The picture of a flow whose text is given. */
export function pictured(text: string): Picture {
  const report = new Diagnostics(new SourceFile('flow.yaml', text), []);
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

/** A construct of each kind, most of them in another. */
export const WHOLE = pictured(`flow: WholeFlow
timeout: 2h
steps:
  - { step: start, run: pass }
  - foreach: range(10)
    as: n
    batch: 5
    onEmpty: skip
    onError: collect
    minSuccess: 80%
    steps: [{ step: count, run: pass, retry: { times: 2, on: [ValueError, timeout] } }]
    join: { collect: [a, b] }
  - switch: best
    cases:
      linear: [{ step: look, run: pass }]
      forest:
        - while: self.depth > 3
          max: 7
          steps: [{ step: prune, run: pass }, { step: measure, run: pass }]
      none: []
  - until: self.page is None
    steps: [{ step: fetch, run: pass }]
  - { step: notify, action: /whisk.system/utils/echo, catch: problem }
  - { step: train, flow: TrainFlow, detach: true }
onFailure:
  - { step: tell, run: pass }
`);

/** All that is long, deep, or written in letters that others take for their own. */
export const ODD = pictured(`flow: OddFlow
steps:
  - step: ${'long_'.repeat(30)}name
    action: /whisk.system/${'long'.repeat(30)}/echo
    catch: ${'problem'.repeat(10)}
  - switch: best
    cases:
      'a|b "c" <d> #e': [{ step: one, run: pass }]
      "数据 🚀": []
      "": []
      null: []
  - foreach: [1, { "a": "long text" }, ${'"more", '.repeat(20)}2]
    as: ${'element'.repeat(10)}
    onError: collect
    steps:
      - while: |
          self.x
            and self.y${' and self.z'.repeat(20)}
        steps:
          - until: self.x
            steps:
              - switch: self.x
                cases: { a: [{ step: two, run: pass }] }
                default: []
`);
