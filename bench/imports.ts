/** What it costs a warm step that the user's module imports numpy and pandas, beside the same step with a module that does not. */
import { atMost, type Figure, ms, say } from './support/figure.ts';
import { compare } from './support/measure.ts';
import { type BenchPlatform, deploy, run, withPlatform } from './support/platform.ts';

const STEPS = 10;
const ROUNDS = 9;
const MORE_MAX_S = 0.03;

const MODULES = {
  plain: 'def look(x):\n    return {"x": x + 1}\n',
  frames: 'import numpy as np\nimport pandas as pd\n\n\ndef look(x):\n    return {"x": x + 1}\n',
};

export default function imports(): Promise<Figure[]> {
  return withPlatform(async (platform) => {
    const flows = { plain: 'BenchPlainFlow', frames: 'BenchFramesFlow' };
    await prepare(platform, flows.plain, 'plain');
    await prepare(platform, flows.frames, 'frames');
    say(`${STEPS} steps that call a module, ${ROUNDS} rounds…`);
    const times = await compare({
      plain: { rounds: ROUNDS, run: () => run(platform, flows.plain) },
      frames: { rounds: ROUNDS, run: () => run(platform, flows.frames) },
    });
    const more = (times.frames - times.plain) / STEPS;
    return [
      { what: 'a warm step that calls a module', measured: ms(times.plain / STEPS) },
      { what: '… that imports numpy and pandas', measured: ms(times.frames / STEPS) },
      {
        what: '… more for each step',
        measured: ms(more),
        target: atMost(more, MORE_MAX_S, `≤ ${MORE_MAX_S * 1000} ms`),
      },
    ];
  });
}

async function prepare(platform: BenchPlatform, flow: string, module: keyof typeof MODULES): Promise<void> {
  const steps = Array.from({ length: STEPS }, (_, index) => `  - step: s${index}\n    call: ${module}:look\n`);
  const text = `flow: ${flow}
environment: { pip: [numpy==2.1.3, pandas==2.2.3] }
code: [${module}.py]
parameters: { start: { type: integer, default: 0 } }
steps:
  - step: begin
    run: self.x = self.start
${steps.join('')}`;
  await deploy(platform, text, { [`${module}.py`]: MODULES[module] });
  await run(platform, flow);
}
