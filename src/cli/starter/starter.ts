import { basename, resolve } from 'node:path';
import { readSchema, TEST_SCHEMA_FILE } from '../../base/package-files.ts';

/** The flow file among {@link starterFiles}. */
export const STARTER_FLOW = 'flow.yaml';

/** The test file among {@link starterFiles}. */
export const STARTER_TESTS = 'flow.test.yaml';

const SCHEMA = 'flow.v1.schema.json';
const TEST_SCHEMA = 'test.v1.schema.json';

/** A working starter flow with tests: path → text. */
export async function starterFiles(flow: string): Promise<Map<string, string>> {
  return new Map([
    [STARTER_FLOW, flowFile(flow)],
    [STARTER_TESTS, TESTS],
    ['pi.py', CODE],
    ['README.md', readme(flow)],
    [SCHEMA, await readSchema()],
    [TEST_SCHEMA, await readSchema(TEST_SCHEMA_FILE)],
  ]);
}

/** `churn-model` → `ChurnModelFlow`. */
export function flowNameFor(folder: string): string {
  const words = basename(resolve(folder)).match(/[A-Za-z0-9]+/g) ?? [];
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return `${name.replace(/^\d+|Flow$/g, '') || 'First'}Flow`;
}

const flowFile = (flow: string) => `# yaml-language-server: $schema=${SCHEMA}
flow: ${flow}
description: Estimates pi by throwing darts, several batches at once.
parameters:
  batches: { type: integer, default: 8, help: number of batches to throw }
  darts: { type: integer, default: 100000, help: darts per batch }
code: [pi.py]
outputs: [pi]

steps:
  - step: plan
    run: self.seeds = list(range(self.batches))   # values set on self are artifacts that later steps can read
  - foreach: seeds
    as: seed
    concurrency: 4
    steps:
      - step: throw
        call: pi:throw                            # arguments: artifacts and parameters; results: artifacts
    join:
      step: estimate
      run: |
        shares = [batch.hits / self.darts for batch in inputs]
        self.pi = 4 * sum(shares) / len(shares)
        print(f"pi is about {self.pi}")
`;

const CODE = `import random


def throw(seed, darts):
    """Throws darts at the unit square and counts those inside the quarter circle."""
    dice = random.Random(seed)
    hits = sum(dice.random() ** 2 + dice.random() ** 2 < 1 for _ in range(darts))
    return {"hits": hits}
`;

const TESTS = `# yaml-language-server: $schema=${TEST_SCHEMA}
cases:
  - name: pi is four times the share of hits
    parameters: { batches: 3, darts: 100 }
    mock:
      throw: { set: { hits: 75 } }                # replaces the step in every batch
    expect:
      path: [plan, throw x3, estimate]
      artifacts: { plan.seeds: [0, 1, 2], pi: 3 }

  - name: all batches have the same weight
    parameters: { batches: 2, darts: 100 }
    mock:
      throw: { each: [{ set: { hits: 70 } }, { set: { hits: 80 } }] }
    expect:
      artifacts: { pi: 3 }

  - name: a failed batch fails the run
    mock:
      throw: { error: ConnectionError, message: no more darts }
    expect:
      error: no more darts

  - name: the same seed throws the same darts     # nothing is mocked here
    parameters: { batches: 1, darts: 1000 }
    expect:
      artifacts: { throw.hits: [782], pi: 3.128 }
`;

const readme = (flow: string) => `# ${flow}

\`flow.yaml\` is the flow, \`pi.py\` its code and \`flow.test.yaml\` its tests. The \`.schema.json\` files are for editors. Next:

\`\`\`sh
nuvopipe run flow.yaml -p batches=20      # on the local platform, which is set up on first use
nuvopipe test                             # simulated: takes about a tenth of a second per case
nuvopipe graph flow.yaml                  # draws the flow
nuvopipe explain flow.yaml                # shows what it needs on OpenWhisk, and whether it fits
nuvopipe deploy flow.yaml --apihost … --auth … --datastore s3://bucket/metaflow
ow action invoke ${flow} -p batches 20 -r
\`\`\`
`;
