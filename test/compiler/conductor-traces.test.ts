import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { PUBLIC_KEY, TLS } from '../../src/compiler/composition.ts';
import type { Bundle } from '../../src/contract/manifest.ts';
import { packageName, stepActionName, versionOf } from '../../src/contract/names.ts';
import type { Plan } from '../../src/contract/plan.ts';
import type { StoreSettings } from '../../src/contract/records.ts';
import { publicKeyOf } from '../../src/platform/deploy/sealing-key.ts';
import { runSession } from './conductor.ts';
import { fileText, Workshop } from './flows.ts';

type Params = Record<string, unknown>;

/**
 * `NUVOPIPE_RECORD=1 npx mocha …` records the traces again, from the `expects`, `flow`, `given` and `answers` of each file. A new
 * file needs only these.
 */
const RECORDS = process.env.NUVOPIPE_RECORD === '1';

const FOLDER = join(import.meta.dirname, '../../schemas/golden/conductor');

/** When the traces' new runs begin: a run that is given no name has the time in its name. */
const NOW = Date.UTC(2024, 4, 6, 7, 8, 9, 10);

/** A session of a conductor: what it invoked, what that answered, and what the session answered in the end. */
interface Trace {
  expects: string;
  /** Name of the flow in the folder `flows`. */
  flow: string;
  /** Parameters of the invocation. */
  given: Params;
  components: Component[];
  /** Components that OpenWhisk refused because there were 50. */
  refused?: number;
  /** What the session answered. */
  answer: Params;
  /** What the conductor knows of the flow. */
  conductor: ReturnType<typeof conductorOf>;
}

interface Component {
  /** The profile of a step action, `wait`, or another action. */
  invokes: string;
  /** Nobody waits for the invocation: it is no component of the session. `answers` is OpenWhisk's `status` and `error`. */
  launches?: true;
  /** `{"repeat": [text, times]}` stands for a long text, here and in `answers`. */
  with: Params;
  answers: Params;
  /** The component is invoked so many times in a row. */
  times?: number;
}

/** As the model of the conductor is made of it, `Conductor` of `nuvopipe_testing/conductor.py`. */
function conductorOf({ flow, start, steps, standIns = [] }: Plan) {
  const names = Object.values(steps);
  return {
    flow,
    version: VERSION,
    start,
    start_block: steps[start]?.block,
    blocks: Object.fromEntries(names.map(({ block, profile }) => [block, profile])),
    actions: Object.fromEntries(
      names.flatMap(({ block, call }) => (call && 'action' in call ? [[block, call.action]] : [])),
    ),
    stand_ins: standIns,
    flows: [...new Set(names.flatMap(({ call }) => (call && 'flow' in call ? [call.flow] : [])))].toSorted(),
  };
}

const STORE: StoreSettings = { bucket: 'b', prefix: '', region: 'r', accessKeyId: 'a', secretAccessKey: 's' };

/** Longer texts of one character are shortened in a trace. */
const SHORT_MAX_LENGTH = 1_000;

/** Stands for the flow's version, which changes with the compiler. */
const VERSION = '<version>';
/** Stands for sealed parameters, which differ each time. */
const SEALED = '<sealed>';

describe('the conductor of a compiled flow', () => {
  let workshop: Workshop;
  const bundles = new Map<string, Bundle>();
  before(async () => {
    workshop = await Workshop.open();
    for (const file of await readdir(join(FOLDER, 'flows'))) {
      bundles.set(basename(file, '.yaml'), await workshop.bundle(await readFile(join(FOLDER, 'flows', file), 'utf8')));
    }
  });
  after(() => workshop.close());

  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
    const path = join(FOLDER, file);
    const trace = JSON.parse(readFileSync(path, 'utf8')) as Trace;
    it(`${trace.expects} (${file})`, async () => {
      const played = await play(trace, bundles.get(trace.flow) as Bundle);
      if (RECORDS) await writeFile(path, `${JSON.stringify(played, null, 2)}\n`);
      else assert.deepEqual(played, trace);
    });
  }
});

/** The trace that comes of a trace's `given` and `answers`. */
async function play({ expects, flow, given, components }: Trace, bundle: Bundle): Promise<Trace> {
  const { plan } = bundle;
  const left = components.flatMap((each) => Array.from({ length: each.times ?? 1 }, () => each));
  const invoked: Pick<Component, 'invokes' | 'launches' | 'with'>[] = [];
  const answer = (component: Pick<Component, 'invokes' | 'launches' | 'with'>): Params => {
    invoked.push(component);
    const { answers } = left.shift() ?? assert.fail('the conductor invokes more than the trace answers');
    return expanded(answers) as Params;
  };
  const names = new Map(Object.keys(plan.profiles).map((profile) => [stepActionName(profile, plan.hash), profile]));
  const conductor = fileText(bundle, 'conductor.js');
  const { refused, result } = await runSession(
    conductor.replaceAll(PUBLIC_KEY, publicKeyOf(plan.flow, STORE)).replaceAll(TLS, ''),
    given,
    (action, params) => {
      const own = action.split(`/_/${packageName(plan.flow)}/`)[1];
      const sealed = typeof params.params === 'string' ? { params: SEALED } : {};
      return answer({ invokes: own === undefined ? action : (names.get(own) ?? own), with: { ...params, ...sealed } });
    },
    {
      require: createRequire(import.meta.url),
      now: NOW,
      launched: (action, params) =>
        answer({ invokes: action, launches: true, with: params }) as { status: number; error?: string },
    },
  );
  assert.equal(left.length, 0, 'the trace answers more than the conductor invokes');
  const played: Component[] = [];
  for (const { answers, times } of components) {
    const [first, ...more] = invoked.splice(0, times ?? 1);
    for (const each of more) assert.deepEqual(each, first, 'repeated components differ');
    played.push({ ...(first as Component), answers, ...(times !== undefined && { times }) });
  }
  const trace = { components: played, ...(refused > 0 && { refused }), answer: result };
  const said = JSON.parse(JSON.stringify(trace).replaceAll(versionOf(plan.hash), VERSION)) as typeof trace;
  return { expects, flow, given, ...(shortened(said) as typeof trace), conductor: conductorOf(plan) };
}

/** A value with its long texts written out. */
function expanded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expanded);
  if (typeof value !== 'object' || value === null) return value;
  const { repeat } = value as { repeat?: [text: string, times: number] };
  if (repeat) return repeat[0].repeat(repeat[1]);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, expanded(each)]));
}

/** A value in which `repeat` stands for long texts of one character. */
function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shortened);
  if (typeof value === 'string') {
    const [first = ''] = value;
    const isLong = value.length > SHORT_MAX_LENGTH && value === first.repeat(value.length);
    return isLong ? { repeat: [first, value.length] } : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shortened(each)]));
}
