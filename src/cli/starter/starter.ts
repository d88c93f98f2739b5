import { basename, resolve } from 'node:path';
import { readSchema, TEST_SCHEMA_FILE } from '../../base/package-files.ts';

/** The flow file among {@link starterFiles}. */
export const STARTER_FLOW = 'flow.yaml';

/** Its tests. */
export const STARTER_TESTS = 'flow.test.yaml';

const SCHEMA = 'flow.v1.schema.json';
const TEST_SCHEMA = 'test.v1.schema.json';

/** A small flow that works as it is, to begin one's own with: path → text. */
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
  batches: { type: integer, default: 8, help: how many batches are thrown }
  darts: { type: integer, default: 100000, help: darts in a batch }
code: [pi.py]
outputs: [pi]

steps:
  - step: plan
    run: self.seeds = list(range(self.batches))   # what is set on self is an artifact: later steps find it there
  - foreach: seeds
    as: seed
    concurrency: 4
    steps:
      - step: throw
        call: pi:throw                            # arguments are artifacts and parameters, what it returns are artifacts
    join:
      step: estimate
      run: |
        shares = [batch.hits / self.darts for batch in inputs]
        self.pi = 4 * sum(shares) / len(shares)
        print(f"pi is about {self.pi}")
`;

const CODE = `import random


def throw(seed, darts):
    """Throws darts at the unit square; those in the quarter of a circle are hits."""
    dice = random.Random(seed)
    hits = sum(dice.random() ** 2 + dice.random() ** 2 < 1 for _ in range(darts))
    return {"hits": hits}
`;

const TESTS = `# yaml-language-server: $schema=${TEST_SCHEMA}
cases:
  - name: pi is four times the share of hits
    parameters: { batches: 3, darts: 100 }
    mock:
      throw: { set: { hits: 75 } }                # in place of what the step does, for every batch
    expect:
      path: [plan, throw x3, estimate]
      artifacts: { plan.seeds: [0, 1, 2], pi: 3 }

  - name: batches count alike
    parameters: { batches: 2, darts: 100 }
    mock:
      throw: { each: [{ set: { hits: 70 } }, { set: { hits: 80 } }] }
    expect:
      artifacts: { pi: 3 }

  - name: a batch that is lost is no estimate
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

\`flow.yaml\` is the flow, \`pi.py\` its code, \`flow.test.yaml\` its tests; with the two \`.schema.json\` editors complete and check them. Next:

\`\`\`sh
nuvopipe run flow.yaml -p batches=20      # here, on the local platform, which is set up the first time
nuvopipe test                             # without a platform: a case takes some hundredths of a second
nuvopipe graph flow.yaml                  # what it looks like
nuvopipe explain flow.yaml                # what it costs on OpenWhisk, and whether it fits
nuvopipe deploy flow.yaml --apihost … --auth … --datastore s3://bucket/metaflow
ow action invoke ${flow} -p batches 20 -r
\`\`\`
`;
