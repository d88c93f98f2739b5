/** How long a command takes to say something. */
import { flowFile } from '../test/support/flows.ts';
import { atMost, type Figure, ms, say } from './support/figure.ts';
import { linear } from './support/flows.ts';
import { compare } from './support/measure.ts';
import { node, nuvopipe } from './support/node.ts';

const ROUNDS = 15;
/** `nuvopipe --help` beside `node -e 0`. */
const TIMES_NODE_MAX = 2;
const BESIDE_NODE_S = 0.1;
/** `nuvopipe validate` of a flow of {@link VALIDATED_STEPS} steps, beyond `node -e 0`. */
const VALIDATE_BEYOND_NODE_S = 0.15;
const VALIDATED_STEPS = 100;

export default async function start(): Promise<Figure[]> {
  const { file, remove } = await flowFile(linear('ValidatedFlow', VALIDATED_STEPS));
  try {
    say('nuvopipe --help, nuvopipe validate and node -e 0…');
    const times = await compare({
      node: { rounds: ROUNDS, run: () => node('-e', '0') },
      help: { rounds: ROUNDS, run: () => nuvopipe('--help') },
      validate: { rounds: ROUNDS, run: () => nuvopipe('validate', file) },
    });
    const helpMax = TIMES_NODE_MAX * times.node + BESIDE_NODE_S;
    const validateMax = times.node + VALIDATE_BEYOND_NODE_S;
    const beside = `\`node -e 0\`: ${ms(times.node)}`;
    return [
      {
        what: '`nuvopipe --help`',
        measured: `${ms(times.help)} (${beside})`,
        target: atMost(times.help, helpMax, `≤ ${TIMES_NODE_MAX} × + ${ms(BESIDE_NODE_S)} = ${ms(helpMax)}`),
      },
      {
        what: `\`nuvopipe validate\` of ${VALIDATED_STEPS} steps`,
        measured: `${ms(times.validate)} (${beside})`,
        target: atMost(times.validate, validateMax, `≤ + ${ms(VALIDATE_BEYOND_NODE_S)} = ${ms(validateMax)}`),
      },
    ];
  } finally {
    await remove();
  }
}
