/** Plays all scenarios that were recorded from a real Apache OpenWhisk and compares everything a client can see. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Body, Harness, type Reply, until } from './harness.ts';

interface Scenario {
  readonly scenario: string;
  readonly setup?: Reply;
  readonly response: Reply | Reply[];
  readonly activations?: Tree;
}

interface Tree {
  readonly record: Body;
  readonly children?: Tree[];
}

const TRACES: readonly Scenario[] = JSON.parse(
  readFileSync(new URL('../../fixtures/openwhisk-traces.json', import.meta.url), 'utf8'),
);

/** What differs from run to run, or from machine to machine. */
const VARYING = new Set([
  ...['activationId', 'x-openwhisk-activation-id', 'cause', 'start', 'end', 'duration', 'updated', 'deadlineIn'],
  ...['__OW_ACTIVATION_ID', '__OW_API_HOST', '__OW_DEADLINE', '__OW_TRANSACTION_ID'],
]);

function normalise(value: Body, key = ''): Body {
  if (VARYING.has(key)) return typeof value;
  // An error's code is its transaction; an action's is what it runs.
  if (key === 'code' && typeof value === 'string' && /^\w{32}$/.test(value)) return 'transaction';
  if (key === 'logs' && Array.isArray(value)) return (value as string[]).map(normaliseLog);
  if (key === 'annotations') return normaliseAnnotations(value);
  if (Array.isArray(value)) return value.map((each) => normalise(each));
  if (typeof value !== 'object' || value === null) return value;
  const shown = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, normalise(each, name)]));
  // The length of an answer that names the host is the host's.
  return shown.result?.e?.__OW_API_HOST === undefined ? shown : { ...shown, size: typeof value.size };
}

function normaliseAnnotations(annotations: { key: string; value: Body }[]): Body {
  // Whether a container was cold is not the scenario's: initTime comes and goes.
  const shown = annotations.filter(({ key }) => key !== 'initTime');
  return Object.fromEntries(shown.map(({ key, value }) => [key, key === 'waitTime' ? typeof value : value]));
}

function normaliseLog(line: string): string {
  if (/^[0-9a-f]{32}$/.test(line)) return 'id';
  const match = /^(\S+) +(stdout|stderr): (.*)$/s.exec(line);
  assert.ok(match, `a log line: ${line}`);
  assert.match(match[1] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
  assert.equal(line.slice(31, 37), match[2], 'the stream starts in the column where OpenWhisk puts it');
  const text = (match[3] ?? '').replace(/^ {4}at .*/, '    at …').replace(/^ {2}File ".*", line \d+/, '  File …');
  return `${match[2]}: ${text}`;
}

const LOOP = (limit: number) =>
  `function main(a){ const i = a.$i || 0; if (a.error) return {params: {stoppedAt: i, error: a.error}}; return i === ${limit} ? {params: {n: a.n, i}} : {action: "inc", params: {n: a.n || 0}, state: {$i: i + 1}} }`;
const ONE_STEP =
  'function main(a){ const s = a.$state || 0; delete a.$state; return s === 0 ? {action: "inc", params: a, state: {$state: 1}} : {params: {final: a}} }';
const SEES = (component: string) =>
  `function main(a){ return a.$s ? {params: {seen: a}} : {action: ${JSON.stringify(component)}, params: {n: 1, ms: 4000}, state: {$s: 1}} }`;

const COMPONENTS: Readonly<Record<string, string>> = {
  'missing component': 'absent',
  'component of another namespace': '/whisk.system/utils/echo',
  'failing component': 'apperr',
  'throwing component': 'throwing',
  'component past its time limit': 'slow',
  'sequence as component': 's1',
  'composition as component': 'c1',
};

type Step = (whisk: Harness) => Promise<Reply>;
interface Play {
  readonly setup?: Step;
  readonly act: Step;
}

const invoke =
  (name: string, params = {}, query?: string): Step =>
  (whisk) =>
    whisk.invoke(name, params, query);
const call =
  (method: string, path: string, body?: unknown, auth?: string): Step =>
  (whisk) =>
    whisk.call(method, path, body, auth);
const conductor = (name: string, code: string, params = {}): Play => ({
  setup: (whisk) => whisk.conductor(name, code),
  act: invoke(name, params),
});
const sequence = (name: string, components: string[]): Play => ({
  setup: (whisk) => whisk.sequence(name, components),
  act: invoke(name, { n: 0 }),
});

/** As in record.cjs. */
const PLAYS: Readonly<Record<string, Play>> = {
  ...Object.fromEntries(
    Object.entries({
      inc: { n: 1 },
      pinc: { n: 1 },
      apperr: {},
      throwing: {},
      rejecting: {},
      pythrow: {},
      string: {},
      array: { n: 3 },
      exiting: {},
      env: {},
      slow: { ms: 4000 },
    }).map(([name, params]) => [`invoke ${name}`, { act: invoke(name, params) }]),
  ),
  'result inc': { act: invoke('inc', { n: 1 }, 'blocking=true&result=true') },
  'result apperr': { act: invoke('apperr', {}, 'blocking=true&result=true') },
  'result throwing': { act: invoke('throwing', {}, 'blocking=true&result=true') },
  'non-blocking': { act: invoke('inc', { n: 1 }, 'blocking=false') },
  'missing action': { act: invoke('absent') },
  'bad key': { act: call('GET', '_/actions', undefined, '23bc46b1-71f6-4ed5-8c54-816aa4f8c502:another-key') },
  'unknown namespace': { act: call('GET', 'nobody/actions') },
  'create without overwrite': { act: call('PUT', '_/actions/inc', { exec: { kind: 'nodejs:20', code: 'x' } }) },
  'create with unknown kind': { act: call('PUT', '_/actions/uk', { exec: { kind: 'cobol:1', code: 'x' } }) },
  'timeout over limit': { act: (whisk) => whisk.put('toolong', 'x', { limits: { timeout: 3_600_000 } }) },
  'sequence ok': sequence('s1', ['inc', 'pinc', 'inc']),
  'sequence stops at error': sequence('s2', ['inc', 'apperr', 'inc']),
  'sequence of 51': { act: (whisk) => whisk.sequence('s51', new Array(51).fill('inc')) },
  'conductor: no action field': conductor('c0', 'function main(a){ return {done: true, got: a} }', { n: 5 }),
  'conductor: params only': conductor('c0p', 'function main(a){ return {params: {x: 1}, other: 2} }'),
  'conductor: params not an object': conductor('c0v', 'function main(a){ return {params: 42} }'),
  'conductor: one step': conductor('c1', ONE_STEP, { n: 1 }),
  'conductor: no state': conductor(
    'c1n',
    'function main(a){ return a.n === 2 ? {params: {end: a}} : {action: "inc", params: {n: 1}} }',
    { extra: 1 },
  ),
  ...Object.fromEntries(
    Object.entries(COMPONENTS).map(([label, component]) => [
      `conductor: ${label}`,
      conductor(`cc_${label.replace(/\W/g, '_')}`, SEES(component)),
    ]),
  ),
  'conductor: throws at once': conductor('ct0', 'function main(a){ throw new Error("c") }'),
  'conductor: returns error': conductor('ce', 'function main(a){ return {error: "mine"} }'),
  'conductor: 50 steps': conductor('l50', LOOP(50)),
  'conductor: 51 steps': conductor('l51', LOOP(51)),
};

/** Ends once a file exists. */
const GATED =
  'function main({ gate }){ return new Promise((done) => { const look = () => require("fs").existsSync(gate) ? done({}) : setTimeout(look, 20); look(); }) }';

const THROTTLED = ['62 invocations in a minute', '33 invocations at once'];

async function deploy(whisk: Harness): Promise<void> {
  await whisk.put('inc', 'function main(a){ return {n: (a.n||0)+1} }');
  await whisk.python('pinc', 'def main(a):\n  print("in", a.get("n"))\n  return {"n": a.get("n",0)+1}\n');
  await whisk.put('apperr', 'function main(a){ return {error: a.msg || "no luck"} }');
  await whisk.put('throwing', 'function main(a){ throw new Error("boom") }');
  await whisk.put('rejecting', 'function main(a){ return Promise.reject({statusCode: 404, message: "nope"}) }');
  await whisk.python('pythrow', 'def main(a):\n  raise ValueError("pyboom")\n');
  await whisk.put('string', 'function main(a){ return "text" }');
  await whisk.put('array', 'function main(a){ return [1,2,a.n] }');
  await whisk.put('exiting', 'function main(a){ process.exit(3) }');
  await whisk.put('slow', 'function main(a){ return new Promise(r=>setTimeout(()=>r({slept:a.ms}), a.ms)) }', {
    limits: { timeout: 2000 },
  });
  await whisk.put(
    'env',
    'function main(a){ const e={}; for (const k in process.env) if (k.startsWith("__OW_")) e[k]=process.env[k]; return {e, deadlineIn: e.__OW_DEADLINE - Date.now()} }',
  );
}

/** The activations caused by one, following the logs of sequences and compositions. */
async function tree(whisk: Harness, id: string): Promise<Tree> {
  const record = await whisk.activation(id);
  const derived = record.annotations.some((each: Body) => each.key === 'kind' && each.value === 'sequence');
  if (!derived || record.logs.length === 0) return { record };
  return { record, children: await Promise.all(record.logs.map((each: string) => tree(whisk, each))) };
}

describe('recorded answers of Apache OpenWhisk', () => {
  describe('one by one', () => {
    let whisk: Harness;
    before(async () => {
      whisk = await Harness.start();
      await deploy(whisk);
    });
    after(() => whisk.stop());

    for (const trace of TRACES.filter(({ scenario }) => !THROTTLED.includes(scenario))) {
      it(trace.scenario, async () => {
        const play = PLAYS[trace.scenario];
        assert.ok(play, 'a way to play it');
        const setup = await play.setup?.(whisk);
        const response = await play.act(whisk);
        assert.deepEqual(normalise(setup), normalise(trace.setup));
        assert.deepEqual(normalise(response), normalise(trace.response));
        if (trace.activations === undefined) return;
        const id = response.body.activationId ?? response.headers['x-openwhisk-activation-id'];
        assert.deepEqual(normalise(await tree(whisk, id)), normalise(trace.activations));
      });
    }
  });

  describe('throttled', () => {
    const recorded = (name: string) => TRACES.find(({ scenario }) => scenario === name)?.response as Reply[];
    let nowMs = 1_800_000_000_000;
    let whisk: Harness;
    before(async () => {
      whisk = await Harness.start({
        clock: () => nowMs,
        limits: { invocationsPerMinute: 60, concurrentInvocations: 30 },
        poolMemoryMb: 128 * 40,
      });
      await deploy(whisk);
    });
    after(() => whisk.stop());

    it('62 invocations in a minute', async () => {
      const replies: Reply[] = [];
      for (let n = 0; n < 62; n += 1) {
        replies.push(await whisk.invoke('inc', { n }, 'blocking=false'));
        // The throttle of concurrency is another scenario.
        if (replies.at(-1)?.status === 202) await whisk.activation(replies.at(-1)?.body.activationId);
      }
      assert.deepEqual(normalise(replies.slice(58)), normalise(recorded('62 invocations in a minute')));
    });

    it('33 invocations at once, in the next minute', async () => {
      nowMs += 60_000;
      await whisk.put('gated', GATED, { limits: { timeout: 60_000, memory: 128 } });
      const gate = join(whisk.stateDir, 'gate');
      const refused: Reply[] = [];
      const invocations = Array.from({ length: 33 }, async () => {
        const reply = await whisk.invoke('gated', { gate });
        if (reply.status !== 200) refused.push(reply);
      });
      await until(() => (refused.length === 3 ? true : undefined), 30_000);
      writeFileSync(gate, '');
      await Promise.all(invocations);
      assert.deepEqual(normalise(refused), normalise(recorded('33 invocations at once')));
    });
  });

  it('are all played', () => {
    assert.equal(TRACES.length, 42);
    const names = TRACES.map(({ scenario }) => scenario).toSorted();
    assert.deepEqual([...Object.keys(PLAYS), ...THROTTLED].toSorted(), names);
  });
});
