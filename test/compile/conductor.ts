import vm from 'node:vm';

type Params = Record<string, unknown>;

/** What a component answers, given its parameters. */
export type Actions = (name: string, params: Params) => Params;

export interface Session {
  /** What the session answers. */
  result: Params;
  /** Components that were invoked, in order, with their parameters. */
  calls: { action: string; params: Params }[];
  /** Bytes of the largest answer of the conductor. */
  largestState: number;
}

/** Components that OpenWhisk lets a session invoke (actionSequenceLimit). */
const COMPONENTS_MAX = 50;

/** Runs a conductor action as OpenWhisk does: calls it, invokes what it names, hands it the result. */
export async function runSession(
  conductor: string,
  given: Params,
  actions: Actions,
  require: (name: string) => unknown = () => ({}),
): Promise<Session> {
  const sandbox = {
    require,
    process: { env: { __OW_ACTIVATION_ID: 'f00dfacecafe4bad8bad0123456789ab', DEBUG: '' } },
    console: { log() {}, error() {} },
    Buffer,
  };
  const main = vm.runInNewContext(`${conductor}\n;main`, sandbox) as (params: Params) => Promise<Params>;
  const calls: Session['calls'] = [];
  let largestState = 0;
  let input = given;
  for (;;) {
    const answer = clone(await main(clone(input)));
    if (typeof answer.action !== 'string') {
      return { result: (answer.error === undefined ? answer.params : answer) as Params, calls, largestState };
    }
    largestState = Math.max(largestState, JSON.stringify(answer.state).length);
    const state = answer.state as Params;
    if (calls.length === COMPONENTS_MAX) {
      input = { error: 'Too many actions in the composition.', ...state };
      continue;
    }
    calls.push({ action: answer.action, params: answer.params as Params });
    input = { ...clone(actions(answer.action, clone(answer.params as Params))), ...state };
  }
}

function clone<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
