import { EventEmitter } from 'node:events';
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
  /** The conductor's time at the start, epoch milliseconds; then only its own pauses pass. Absent: the real time. */
  now?: number;
  /** Answers an invocation that nobody waits for. */
  launched?: (action: string, params: Params) => { status: number; error?: string };
}

const API_HOST = 'http://openwhisk';
/** From the start of a conductor's activation to its deadline. */
const TIME_LIMIT_MS = 60_000;

/** Runs a conductor action as OpenWhisk does: calls it, invokes what it names, hands it the result. */
export async function runSession(
  conductor: string,
  given: Params,
  actions: Actions,
  { require = () => ({}), now, launched }: SessionOptions = {},
): Promise<Session> {
  const deadline = String((now ?? Date.now()) + TIME_LIMIT_MS);
  const sandbox = {
    require: launched ? (name: string) => (name === 'node:http' ? webOf(launched) : require(name)) : require,
    process: {
      env: {
        __OW_ACTIVATION_ID: ACTIVATION_ID,
        __OW_API_HOST: API_HOST,
        __OW_API_KEY: '',
        __OW_DEADLINE: deadline,
        DEBUG: '',
      },
    },
    console: { log() {}, error() {} },
    Buffer,
    ...(now !== undefined && timeFrom(now)),
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

/** `Date` and `setTimeout` of a time that passes only in timeouts. */
function timeFrom(start: number) {
  let now = start;
  class Time extends Date {
    constructor() {
      super(now);
    }
    static override now(): number {
      return now;
    }
  }
  const setTimeout = (done: () => void, ms: number) => {
    now += ms;
    queueMicrotask(done);
  };
  return { Date: Time, setTimeout };
}

/** As much of `node:http` as the conductor uses. */
function webOf(launched: NonNullable<SessionOptions['launched']>) {
  return {
    Agent: class {
      destroy(): void {}
    },
    request(url: string, _options: object, respond: (response: EventEmitter) => void) {
      const action = decodeURI(new URL(url).pathname.split('/actions/')[1] ?? '');
      const end = (body: string) => {
        const { status, error = '' } = launched(action, JSON.parse(body) as Params);
        const response = Object.assign(new EventEmitter(), { statusCode: status });
        respond(response);
        response.emit('data', error);
        response.emit('end');
      };
      return Object.assign(new EventEmitter(), { end });
    },
  };
}

function clone<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
