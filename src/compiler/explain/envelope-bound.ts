import type { Envelope } from '../../contract/envelope.ts';
import { SESSION_COMPONENTS_MAX } from '../../contract/openwhisk.generated.ts';
import type { Plan, PlannedStep } from '../../contract/plan.ts';
import { FALLBACK_ATTEMPTS, RUN_NAME_MAX_LENGTH } from '../../contract/protocol.generated.ts';
import { RETRY_TIMES_MAX } from '../../language/model/flow.ts';
import { INDEX_DIGITS_MAX } from './limits.ts';

/** A date in this era, or any pause. */
const EPOCH_MS_MAX = 9_999_999_999_999;
const MINUTE_MS = 60_000;

/** Why a session was refused: the longest reasons in `runtime/conductor/launch.js` name a certificate's host. */
const REFUSAL_MAX_LENGTH = 120;
const INDEX_MAX = 10 ** INDEX_DIGITS_MAX - 1;

/**
 * Values of arbitrary size: the client's parameters, outputs and answers of actions; with what stands for everything
 * else.
 */
type Unbounded = 'params' | 'result' | 'call' | 'launch' | 'answer' | 'died';

/** Envelopes of other kinds, with few other fields; and the key that only later versions need. */
type Short = 'cancel' | 'sweep' | 'overdue' | 'wake' | 'awaits' | 'resigns' | 'rescues' | 'version';

/**
 * Maximum size of the envelope at each step, in any run. `at` grows with the enclosing forks and loops, names have
 * their length, and everything else is bounded.
 */
export function envelopeBounds(plan: Plan): Map<string, number> {
  const before = stepsBefore(plan);
  return new Map(
    Object.entries(plan.steps).map(([step, planned]) => [step, bytesAt(plan, step, planned, before.get(step) ?? [])]),
  );
}

function bytesAt(plan: Plan, step: string, { block, within }: PlannedStep, before: readonly string[]): number {
  const largest: Required<Omit<Envelope, Unbounded | Short>> = {
    run: 'r'.repeat(RUN_NAME_MAX_LENGTH),
    block,
    step,
    at: coordinate(plan, within),
    claim: true,
    again: true,
    lease: EPOCH_MS_MAX,
    used: SESSION_COMPONENTS_MAX,
    home: true,
    wait: EPOCH_MS_MAX,
    guard: MINUTE_MS,
    answerWithin: MINUTE_MS,
    from: longest(before.map((name) => [name, ...coordinate(plan, plan.steps[name]?.within ?? [])])),
    attempt: RETRY_TIMES_MAX + FALLBACK_ATTEMPTS,
    since: EPOCH_MS_MAX,
    poll: INDEX_MAX,
    origin: ['r'.repeat(RUN_NAME_MAX_LENGTH), Object.keys(plan.steps).reduce((a, b) => (b.length > a.length ? b : a))],
    grow: [
      within.findLast((scope) => plan.pools[scope]) ?? '',
      INDEX_MAX,
      EPOCH_MS_MAX,
      EPOCH_MS_MAX,
      EPOCH_MS_MAX,
      MINUTE_MS,
      INDEX_MAX,
    ],
    launched: [INDEX_MAX, 'r'.repeat(REFUSAL_MAX_LENGTH)],
    handsOver: true,
    starts: true,
    watched: true,
    waits: EPOCH_MS_MAX,
    answerBy: EPOCH_MS_MAX,
    standIn: plan.standIns?.length ?? 0,
  };
  // The runtime writes at most one space after each `:` and `,`.
  const text = JSON.stringify(largest);
  return Buffer.byteLength(text) + (text.match(/[:,]/g)?.length ?? 0);
}

function coordinate(plan: Plan, within: readonly string[]): number[] {
  return within.map((scope) => {
    const branches = plan.pools[scope]?.branches;
    return branches ? branches.length - 1 : INDEX_MAX;
  });
}

function longest(froms: [string, ...number[]][]): [string, ...number[]] {
  return froms.reduce((a, b) => (JSON.stringify(b).length > JSON.stringify(a).length ? b : a), ['']);
}

/** The predecessors of each step. */
function stepsBefore({ steps }: Plan): Map<string, string[]> {
  const before = new Map<string, string[]>();
  for (const [name, { next }] of Object.entries(steps)) {
    const following = 'choose' in next ? next.choose : 'step' in next ? [next.step] : [];
    for (const step of following) {
      const found = before.get(step);
      if (found) found.push(name);
      else before.set(step, [name]);
    }
  }
  return before;
}
