import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { launch } from '../../runtime/conductor/launch.js';
import { type SelfSigned, startSelfSigned } from '../support/certificate.ts';

const CONDUCTOR = 'F.steps/flow-1234';
const COMPONENTS_MAX = 40;
const AT_STEP: Envelope = { run: 'r', block: 'b', step: 's', at: [], used: 3 };
const LANE: Envelope = { run: 'r', block: 'b', step: 'lane', at: [7] };
const THEN: Envelope = { ...AT_STEP, step: 'next' };
const RATE = 'Too many requests in the last minute (count: 61, allowed: 60).';
const CONCURRENCY = 'Too many concurrent requests in flight (count: 31, allowed: 30).';
const ACCEPTED = { status: 202 };
const NAMES = ['__OW_API_HOST', '__OW_API_KEY', '__OW_DEADLINE'] as const;

type Asked = NonNullable<Envelope['launch']>;

interface Invocation {
  path: string;
  arguments: unknown;
  authorization: string | undefined;
}

/** What the platform answers to an invocation, counted from 0; undefined: nothing at all. */
type Answers = (index: number) => { status: number; error?: string } | undefined;

describe('conductor: launch', () => {
  const outside = NAMES.map((name) => [name, process.env[name]] as const);
  const { error: print } = console;
  let server: Server;
  let answers: Answers;
  let seen: Invocation[];
  let logged: string[];

  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { authorization } = request.headers;
    seen.push({ path: request.url ?? '', arguments: JSON.parse(Buffer.concat(chunks).toString()), authorization });
    const answer = answers(seen.length - 1);
    if (answer === undefined) return;
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: answer.error }));
  };

  before(async () => {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => {
    answers = () => ACCEPTED;
    [seen, logged] = [[], []];
    console.error = (line: string) => void logged.push(line);
    process.env.__OW_API_HOST = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env.__OW_API_KEY = 'uuid:key';
    process.env.__OW_DEADLINE = '0';
  });
  afterEach(() => {
    console.error = print;
    server.closeAllConnections();
    for (const [name, value] of outside) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  after(() => server.close());

  const launched = (asked: Asked, envelope = AT_STEP, tls: object = {}) =>
    launch({
      conductor: CONDUCTOR,
      flows: ['Called'],
      tls: Buffer.from(JSON.stringify(tls)).toString('base64'),
      componentsMax: COMPONENTS_MAX,
    })({ ...envelope, launch: asked });
  const following = (asked: Asked, next = THEN): Asked => ({
    ...asked,
    // biome-ignore lint/suspicious/noThenProperty: a field of the envelope, which nothing awaits
    then: next,
  });
  const lanes = (count: number) => [{ envelope: LANE, items: Array.from({ length: count }, (_, item) => item) }];

  it('returns an envelope that asks for nothing as it is', async () => {
    const launches = launch({ conductor: CONDUCTOR, flows: [], tls: '', componentsMax: COMPONENTS_MAX });
    assert.equal(await launches(AT_STEP), AT_STEP);
    assert.deepEqual(seen, []);
  });

  it('invokes the conductor of the run with an envelope, without waiting for the session, and continues', async () => {
    assert.deepEqual(await launched({ sessions: [{ envelope: LANE }] }), AT_STEP);
    assert.deepEqual(seen, [
      {
        path: `/api/v1/namespaces/_/actions/${CONDUCTOR}?blocking=false`,
        arguments: { nuvopipe: LANE },
        authorization: `Basic ${Buffer.from('uuid:key').toString('base64')}`,
      },
    ]);
  });

  it('continues with `then` once all sessions are accepted', async () => {
    assert.deepEqual(await launched(following({ sessions: [{ envelope: LANE }] })), THEN);
  });

  it('launches what `then` asks for in turn', async () => {
    const then = { ...THEN, launch: { sessions: [{ action: 'Called', arguments: { n: 1 } }] } };
    assert.deepEqual(await launched(following({ sessions: [{ envelope: LANE }] }, then)), THEN);
    assert.deepEqual(
      seen.map((each) => each.arguments),
      [{ nuvopipe: LANE }, { n: 1 }],
    );
  });

  it('makes one session of a template for each item', async () => {
    await launched({ sessions: lanes(3) });
    const at = seen.map((each) => (each.arguments as { nuvopipe: Envelope }).nuvopipe.at);
    assert.deepEqual(at.toSorted(), [
      [7, 0],
      [7, 1],
      [7, 2],
    ]);
  });

  for (const [what, status, error, refusal] of [
    ['a 429 of too many invocations in the minute as busy', 429, RATE, 'busy'],
    ['a 429 of too many concurrent invocations as crowded', 429, CONCURRENCY, 'crowded'],
    ['a 503 as crowded', 503, 'no healthy invoker', 'crowded'],
    ['a 404 as a missing flow', 404, 'not there', 'there is no such flow in this namespace'],
    ['any other status by its number', 401, 'no', 'HTTP 401'],
  ] as const) {
    it(`reports ${what}`, async () => {
      answers = () => ({ status, error });
      const asked = following({ sessions: [{ envelope: LANE }] });
      assert.deepEqual(await launched(asked), { ...AT_STEP, launched: [0, refusal] });
      assert.deepEqual(logged, [`nuvopipe: a session was not accepted: ${refusal}`]);
    });
  }

  it('reports a closed connection as crowded', async () => {
    answers = () => {
      server.closeAllConnections();
      return undefined;
    };
    assert.deepEqual(await launched({ sessions: [{ envelope: LANE }] }), { ...AT_STEP, launched: [0, 'crowded'] });
    assert.match(logged[0] ?? '', /^nuvopipe: http:\/\/127\.0\.0\.1:\d+ does not answer: /);
  });

  it('reports a platform that does not answer within 20 seconds as crowded', async () => {
    answers = () => undefined;
    const { request } = http;
    const waited: unknown[] = [];
    // The conductor requires the same module.
    http.request = ((url: string, options: http.RequestOptions, respond: (response: http.IncomingMessage) => void) => {
      waited.push(options.timeout);
      return request(url, { ...options, timeout: 20 }, respond);
    }) as typeof request;
    try {
      assert.deepEqual(await launched({ sessions: [{ envelope: LANE }] }), { ...AT_STEP, launched: [0, 'crowded'] });
    } finally {
      http.request = request;
    }
    assert.deepEqual(waited, [20_000]);
    assert.match(logged[0] ?? '', /does not answer: no answer in time$/);
  });

  it('sends nothing after the first session was refused', async () => {
    answers = () => ({ status: 503 });
    assert.deepEqual(await launched({ sessions: lanes(20) }), { ...AT_STEP, launched: [0, 'crowded'] });
    assert.equal(seen.length, 1);
  });

  it('counts every accepted session when one in the middle was refused, so that no lane is launched twice', async () => {
    answers = (index) => (index === 3 ? { status: 429, error: CONCURRENCY } : ACCEPTED);
    // The first alone, then eight at a time: the second eight are not sent.
    assert.deepEqual(await launched({ sessions: lanes(17) }), { ...AT_STEP, launched: [8, 'crowded'] });
    assert.equal(seen.length, 9);
  });

  it('launches all of many sessions', async () => {
    assert.deepEqual(await launched({ sessions: lanes(20) }), AT_STEP);
    const items = seen.map((each) => (each.arguments as { nuvopipe: Envelope }).nuvopipe.at?.[1]);
    assert.deepEqual(new Set(items), new Set(Array.from({ length: 20 }, (_, item) => item)));
  });

  it('launches flows that steps call, and versions of flows', async () => {
    const sessions = ['Called', 'Other.steps/flow-abcd'].map((action) => ({ action, arguments: {} }));
    assert.deepEqual(await launched({ sessions }), AT_STEP);
    assert.equal(seen.length, 2);
  });

  for (const action of ['Other', 'F.steps/wait', '/_/Called', '../Called', 'Called?blocking=true', 'x.steps/flow-1\n'])
    it(`refuses to invoke ${JSON.stringify(action)}, which is not a flow that the session may launch`, async () => {
      const { launched: refused } = (await launched({ sessions: [{ action, arguments: {} }] })) as Envelope;
      assert.deepEqual(refused, [0, `${action} is not a flow`]);
      assert.deepEqual(seen, []);
    });

  it('launches each of `also`, even after a refusal, and reports nothing of them', async () => {
    answers = (index) => (index === 1 ? { status: 503 } : ACCEPTED);
    const also = [{ envelope: LANE }, { action: 'Called', arguments: { n: 2 } }];
    assert.deepEqual(await launched(following({ sessions: [{ envelope: LANE }], also })), THEN);
    assert.deepEqual(
      seen.map((each) => each.arguments),
      [{ nuvopipe: LANE }, { nuvopipe: LANE }, { n: 2 }],
    );
  });

  describe('that persists', () => {
    const sessions = [{ envelope: LANE }];
    const persists = 1_000;
    const last = { ...AT_STEP, used: COMPONENTS_MAX };

    it('pauses after a refusal, and asks again after the pause', async () => {
      answers = (index) => (index === 0 ? { status: 503 } : ACCEPTED);
      const paused = (await launched(following({ sessions, persists, also: sessions }))) as Envelope;
      const { wait = 0, ...rest } = paused;
      assert.ok(wait >= 15_000 && wait < 17_000, String(wait));
      assert.deepEqual(rest, { ...AT_STEP, launch: following({ sessions, persists }) });
      const { launch: asked, ...envelope } = rest;
      assert.ok(asked);
      assert.deepEqual(await launched(asked, envelope), THEN);
    });

    it('pauses until the next minute if there were too many invocations in this one', async () => {
      answers = () => ({ status: 429, error: RATE });
      const before = Date.now();
      const { wait = 0 } = (await launched({ sessions, persists })) as Envelope;
      const minute = 60_000;
      assert.ok(Math.floor((before + wait) / minute) > Math.floor(before / minute) || wait > minute - 2_000);
      assert.ok(wait <= minute + 2_000, String(wait));
    });

    it('launches nothing before its pause', async () => {
      const paused = { ...AT_STEP, wait: 5 };
      assert.deepEqual(await launched({ sessions, persists }, paused), { ...paused, launch: { sessions, persists } });
      assert.deepEqual(seen, []);
    });

    it('asks again every second in a session that has no components left', async () => {
      process.env.__OW_DEADLINE = String(Date.now() + 60_000);
      answers = (index) => (index === 0 ? { status: 503 } : ACCEPTED);
      assert.deepEqual(await launched(following({ sessions, persists }), last), THEN);
      assert.equal(seen.length, 2);
    });

    it('fails the run before the deadline of the last activation', async () => {
      process.env.__OW_DEADLINE = String(Date.now() + 9_000);
      answers = () => ({ status: 503 });
      assert.deepEqual(await launched(following({ sessions, persists }), last), {
        error: 'the platform takes no further session of this run: crowded',
      });
      assert.equal(seen.length, 1);
    });
  });

  describe('over TLS', () => {
    const sessions = [{ envelope: LANE }];
    let secure: SelfSigned;
    before(async () => {
      secure = await startSelfSigned(listener);
    });
    beforeEach(() => {
      process.env.__OW_API_HOST = secure.url;
    });
    after(() => secure.close());

    it('refuses a self-signed certificate by default, and keeps the key to itself', async () => {
      const reason = `deploy with --cafile or --insecure: the certificate of ${secure.url} is not trusted`;
      assert.deepEqual(await launched({ sessions }), { ...AT_STEP, launched: [0, reason] });
      assert.deepEqual(seen, []);
      assert.match(logged[0] ?? '', /self-signed certificate/);
    });

    it('refuses a certificate that another authority has signed', async () => {
      const other = await startSelfSigned(() => undefined);
      await other.close();
      const { launched: [, reason] = [] } = (await launched({ sessions }, AT_STEP, {
        ca: other.certificate,
      })) as Envelope;
      assert.match(reason ?? '', /is not trusted$/);
      assert.deepEqual(seen, []);
    });

    it('accepts a certificate of the authorities that the deploy recorded', async () => {
      assert.deepEqual(await launched({ sessions }, AT_STEP, { ca: secure.certificate }), AT_STEP);
      assert.equal(seen.length, 1);
    });

    it('accepts any certificate where the deploy recorded --insecure', async () => {
      assert.deepEqual(await launched({ sessions }, AT_STEP, { insecure: true }), AT_STEP);
      assert.equal(seen.length, 1);
    });

    it('takes https for granted where the host has no scheme', async () => {
      process.env.__OW_API_HOST = secure.url.replace('https://', '');
      assert.deepEqual(await launched({ sessions }, AT_STEP, { insecure: true }), AT_STEP);
    });
  });
}).timeout(30_000);
