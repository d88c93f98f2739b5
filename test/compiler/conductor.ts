import vm from 'node:vm';
import { SESSION_COMPONENTS_MAX } from '../../src/contract/openwhisk.generated.ts';

type Params = Record<string, unknown>;

/** What a component answers, given its parameters. */
export type Actions = (name: string, params: Params) => Params;

export interface Session {
  /** What the session answers. */
  result: Params;
  /** Components that were invoked, in order, with their parameters. */
  calls: { action: string; params: Params }[];
  /** Components that were refused: the session had invoked {@link SESSION_COMPONENTS_MAX}. */
  refused: number;
  /** Bytes of the largest answer of the conductor. */
  largestState: number;
}

const ACTIVATION_ID = 'f00dfacecafe4bad8bad0123456789ab';

export interface SessionOptions {
  require?: (name: string) => unknown;
  /** The conductor's time, epoch milliseconds; absent: the real one. */
  now?: number;
}

/** Runs a conductor action as OpenWhisk does: calls it, invokes what it names, hands it the result. */
export async function runSession(
  conductor: string,
  given: Params,
  actions: Actions,
  { require = () => ({}), now }: SessionOptions = {},
): Promise<Session> {
  const sandbox = {
    require,
    process: { env: { __OW_ACTIVATION_ID: ACTIVATION_ID, DEBUG: '' } },
    console: { log() {}, error() {} },
    Buffer,
    ...(now !== undefined && { Date: stoppedAt(now) }),
  };
  const main = vm.runInNewContext(`${conductor}\n;main`, sandbox) as (params: Params) => Promise<Params>;
  const calls: Session['calls'] = [];
  let refused = 0;
  let largestState = 0;
  let input = given;
  for (;;) {
    const answer = clone(await main(clone(input)));
    if (typeof answer.action !== 'string') {
      const result = (answer.error === undefined ? answer.params : answer) as Params;
      return { result, calls, refused, largestState };
    }
    largestState = Math.max(largestState, JSON.stringify(answer.state).length);
    const state = answer.state as Params;
    if (calls.length === SESSION_COMPONENTS_MAX) {
      refused += 1;
      input = { error: 'Too many actions in the composition.', ...state };
      continue;
    }
    calls.push({ action: answer.action, params: answer.params as Params });
    input = { ...clone(actions(answer.action, clone(answer.params as Params))), ...state };
  }
}

/** A `Date` whose time stands still. */
function stoppedAt(now: number): DateConstructor {
  return class extends Date {
    constructor() {
      super(now);
    }
  } as unknown as DateConstructor;
}

function clone<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
