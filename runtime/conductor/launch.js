// @ts-check

/**
 * Launches the sessions that a step's answer asks for. Only the conductor has the OpenWhisk key: a step's container has not.
 *
 * A session that is launched twice does no harm, and one that is lost is found by the leases of its work, so nothing is kept of
 * what was launched. The next component learns only of refusals, and how many sessions were accepted.
 *
 * @param {{ conductor: string, flows: string[], tls: string, componentsMax: number }} constants `conductor`: action of the run's own
 *   version; `flows`: those that steps start; `tls`: how the deploy verifies certificates, JSON in base64
 */
function launch({ conductor, flows, tls, componentsMax }) {
  const PARALLEL = 8;
  const TIMEOUT_MS = 20_000;
  // OpenWhisk counts invocations by the clock minute.
  const MINUTE_MS = 60_000;
  const SPREAD_MS = 2_000;
  const CROWDED_PAUSE_MS = 15_000;
  // How often, and how long, a session without components asks again in its conductor.
  const POLL_MS = 1_000;
  const RESERVE_MS = 10_000;
  const REFUSAL_MAX_LENGTH = 120;
  const FLOW_VERSION = /^[A-Za-z]\w*\.steps\/flow-\w+$/;

  const { __OW_API_HOST: host = '', __OW_API_KEY: key = '', __OW_DEADLINE: deadline } = process.env;
  const api = `${host.includes('://') ? host : `https://${host}`}/api/v1/namespaces/_/actions`;
  const web = require(api.startsWith('https:') ? 'node:https' : 'node:http');

  /** @type {() => import('node:http').Agent} */
  const connect = () => {
    const { insecure, ca } = JSON.parse(Buffer.from(tls, 'base64').toString() || '{}');
    const authorities = ca && { ca: [...require('node:tls').rootCertificates, ca] };
    return new web.Agent({ keepAlive: true, ...(insecure ? { rejectUnauthorized: false } : authorities) });
  };

  /** @type {(session: LaunchedSession) => [action: string, args: object][]} */
  const invocationsOf = (session) => {
    if ('action' in session) return [[session.action, session.arguments]];
    const { envelope, items } = session;
    if (items === undefined) return [[conductor, { nuvopipe: envelope }]];
    return items.map((item) => [conductor, { nuvopipe: { ...envelope, at: [...(envelope.at || []), item] } }]);
  };

  /** @type {(status: number | undefined, text: string) => string | undefined} */
  const refusalOf = (status, text) => {
    if (status === 200 || status === 202) return undefined;
    if (status === 429) return text.includes('concurrent requests') ? 'crowded' : 'busy';
    if (status === 503) return 'crowded';
    return status === 404 ? 'there is no such flow in this namespace' : `HTTP ${status}`;
  };

  /**
   * Why the platform refused an invocation; undefined when it accepted it.
   *
   * @type {(agent: import('node:http').Agent, invocation: [action: string, args: object]) => Promise<string | undefined>}
   */
  const invoke = (agent, [action, args]) =>
    new Promise((resolve) => {
      // A step's answer must not invoke anything else, even if its container was taken over.
      if (action !== conductor && !flows.includes(action) && !FLOW_VERSION.test(action)) {
        resolve(`${action} is not a flow`.slice(0, REFUSAL_MAX_LENGTH));
        return;
      }
      const authorization = `Basic ${Buffer.from(key).toString('base64')}`;
      const headers = { authorization, 'content-type': 'application/json' };
      const options = { method: 'POST', agent, timeout: TIMEOUT_MS, headers };
      /** @type {import('node:http').ClientRequest} */
      const request = web.request(
        `${api}/${encodeURI(action)}?blocking=false`,
        options,
        (/** @type {import('node:http').IncomingMessage} */ response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve(refusalOf(response.statusCode, text)));
          response.on('error', () => resolve('crowded'));
        },
      );
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.on('error', (error) => {
        console.error(`nuvopipe: ${host} does not answer: ${error.message}`);
        const { code = '' } = /** @type {NodeJS.ErrnoException} */ (error);
        resolve(
          /CERT|UNABLE_TO_VERIFY|INVALID_(CA|PURPOSE)/.test(code)
            ? `deploy with --cafile or --insecure: the certificate of ${host} is not trusted`.slice(
                0,
                REFUSAL_MAX_LENGTH,
              )
            : 'crowded',
        );
      });
      request.end(JSON.stringify(args));
    });

  /**
   * Invokes sessions until one is refused, since the platform would refuse the rest too. The first is invoked alone, because
   * it may carry what the others lack; then several at a time, so that later ones may be accepted after one was refused.
   * `taken` counts all that were accepted. It is 0 only if the first was refused.
   *
   * @type {(agent: import('node:http').Agent, sessions: LaunchedSession[]) => Promise<[taken: number, refusal: string | undefined]>}
   */
  const invokeAll = async (agent, sessions) => {
    const invocations = sessions.flatMap(invocationsOf);
    let taken = 0;
    /** @type {string | undefined} */
    let refusal;
    for (let at = 0; at < invocations.length && refusal === undefined; ) {
      const batch = invocations.slice(at, at === 0 ? 1 : at + PARALLEL);
      const refusals = await Promise.all(batch.map((each) => invoke(agent, each)));
      taken += refusals.filter((each) => each === undefined).length;
      refusal = refusals.find((each) => each !== undefined);
      at += batch.length;
    }
    if (refusal !== undefined) console.error(`nuvopipe: a session was not accepted: ${refusal}`);
    return [taken, refusal];
  };

  /** @type {(refusal: string) => number} */
  const pauseAfter = (refusal) => {
    const now = Date.now();
    return (refusal === 'busy' ? MINUTE_MS - (now % MINUTE_MS) : CROWDED_PAUSE_MS) + (now % SPREAD_MS);
  };

  /** @type {(envelope: Envelope, launched: NonNullable<Envelope['launch']>) => Promise<Envelope | { error: string }>} */
  const perform = async (envelope, { sessions, then, also = [], persists }) => {
    const { launch, ...rest } = envelope;
    const agent = connect();
    let [taken, refusal] = await invokeAll(agent, sessions);
    for (const each of also) await invokeAll(agent, [each]);
    const isLast = persists !== undefined && (envelope.used || 0) >= componentsMax;
    while (refusal !== undefined && isLast && Date.now() + RESERVE_MS < Number(deadline)) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      [taken, refusal] = await invokeAll(agent, sessions);
    }
    agent.destroy();
    if (refusal === undefined) return then || rest;
    if (isLast) return { error: `the platform takes no further session of this run: ${refusal}` };
    if (persists === undefined) return { ...rest, launched: [taken, refusal] };
    const again = { sessions, persists, ...(then && { then }) };
    return { ...rest, launch: again, wait: pauseAfter(refusal) };
  };

  /** @param {Envelope} envelope */
  return async (envelope) => {
    let next = envelope;
    while (next.launch !== undefined && !(next.launch.persists !== undefined && Number(next.wait) > 0)) {
      const following = await perform(next, next.launch);
      if ('error' in following) return following;
      next = following;
    }
    return next;
  };
}

module.exports = { launch };
