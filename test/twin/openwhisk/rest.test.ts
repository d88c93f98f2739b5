/** Entities over REST: what is made, changed, listed, refused, with OpenWhisk's statuses and words. */
import assert from 'node:assert/strict';
import { type Body, Harness, until } from './harness.ts';

const CODE = 'function main(a){ return a }';

describe('the REST API', () => {
  let whisk: Harness;
  beforeEach(async () => {
    whisk = await Harness.start();
  });
  afterEach(() => whisk.stop());

  const refused = async (status: number, error: string | RegExp, method: string, path: string, body?: unknown) => {
    const reply = await whisk.call(method, path, body);
    assert.equal(reply.status, status, JSON.stringify(reply.body));
    if (typeof error === 'string') assert.equal(reply.body.error, error);
    else assert.match(reply.body.error, error);
    assert.match(reply.body.code, /^\w{32}$/);
  };
  const done = async (method: string, path: string, body?: unknown): Promise<Body> => {
    const reply = await whisk.call(method, path, body);
    assert.equal(reply.status, 200, JSON.stringify(reply.body));
    return reply.body;
  };

  it('describes itself and its limits', async () => {
    const { body } = await whisk.call('GET', '/');
    assert.equal(body.limits.actions_per_minute, 10_000);
    assert.equal(body.limits.sequence_length, 50);
    assert.equal(body.limits.default_max_action_memory, 512 * 1024 * 1024);
    assert.ok(body.runtimes.nodejs.some((each: Body) => each.kind === 'nodejs:20' && each.default));
    assert.equal((await whisk.call('GET', '/api/v1')).body.api_version_path, 'v1');
    assert.deepEqual((await whisk.call('GET', '/api/v1/namespaces')).body, ['guest']);
    assert.equal((await done('GET', '_/limits')).concurrentInvocations, 1000);
  });

  it('makes, updates, shows, lists and deletes actions', async () => {
    const made = await done('PUT', '_/actions/a', {
      exec: { kind: 'nodejs:default', code: CODE },
      parameters: [{ key: 'x', value: 1 }],
    });
    assert.equal(made.exec.kind, 'nodejs:20');
    assert.equal(made.exec.binary, false);
    assert.equal(made.version, '0.0.1');
    const updated = await done('PUT', '_/actions/a?overwrite=true', { annotations: [{ key: 'note', value: 'hi' }] });
    assert.equal(updated.version, '0.0.2');
    assert.deepEqual(updated.parameters, [{ key: 'x', value: 1 }], 'what is not given stays');
    assert.deepEqual(updated.annotations.map((each: Body) => each.key).toSorted(), ['exec', 'note', 'provide-api-key']);
    assert.equal((await done('GET', '_/actions/a')).exec.code, CODE);
    assert.equal((await done('GET', 'guest/actions/a?code=false')).exec.code, undefined);
    await done('PUT', '_/actions/b', { exec: { kind: 'nodejs:20', code: Buffer.from('x').toString('base64') } });
    const list = await done('GET', '_/actions');
    assert.deepEqual(list.map((each: Body) => each.name).toSorted(), ['a', 'b']);
    assert.equal(list.find((each: Body) => each.name === 'b').exec.binary, true, 'base64 is binary');
    assert.equal((await done('GET', '_/actions?limit=1')).length, 1);
    assert.deepEqual(await done('GET', '_/actions?count=true'), { actions: 2 });
    assert.equal((await done('DELETE', '_/actions/a')).name, 'a');
    await refused(404, 'The requested resource does not exist.', 'GET', '_/actions/a');
  });

  it('merges parameters of package, binding, action and invocation, in this order', async () => {
    const parameters = (value: string, ...keys: string[]) => keys.map((key) => ({ key, value }));
    await done('PUT', '_/packages/p', { parameters: parameters('package', 'a', 'b', 'c', 'd') });
    await done('PUT', '_/actions/p/echo', {
      exec: { kind: 'nodejs:20', code: CODE },
      parameters: parameters('action', 'c', 'd'),
    });
    await done('PUT', '_/packages/bound', {
      binding: { namespace: '_', name: 'p' },
      parameters: parameters('binding', 'b'),
    });
    assert.deepEqual(await whisk.result('bound/echo', { d: 'invocation' }), {
      a: 'package',
      b: 'binding',
      c: 'action',
      d: 'invocation',
    });
    const { body } = await whisk.invoke('bound/echo');
    const annotation = (key: string) => body.annotations.find((each: Body) => each.key === key)?.value;
    assert.equal(annotation('path'), 'guest/p/echo');
    assert.equal(annotation('binding'), 'guest/bound');
    const shown = await done('GET', '_/packages/bound');
    assert.deepEqual(
      shown.actions.map((each: Body) => each.name),
      ['echo'],
    );
    await refused(400, 'Operation not permitted on package binding.', 'DELETE', '_/actions/bound/echo');
    await refused(400, 'Cannot bind to another package binding.', 'PUT', '_/packages/again', {
      binding: { namespace: '_', name: 'bound' },
    });
    await refused(400, 'Binding references a package that does not exist.', 'PUT', '_/packages/again', {
      binding: { namespace: '_', name: 'absent' },
    });
    const notEmpty = 'Package not empty (contains 1 entity). Set force param or delete package contents.';
    await refused(409, notEmpty, 'DELETE', '_/packages/p');
    await done('DELETE', '_/packages/p?force=true');
    await refused(404, 'The requested resource does not exist.', 'GET', '_/actions/p/echo');
  });

  it('keeps final parameters', async () => {
    await whisk.put('f', CODE, {
      annotations: [{ key: 'final', value: true }],
      parameters: [
        { key: 'fixed', value: 1 },
        { key: 'open', value: null },
      ],
    });
    assert.deepEqual(await whisk.result('f', { open: 2, more: 3 }), { fixed: 1, open: 2, more: 3 });
    const refusal = 'Request defines parameters that are not allowed (e.g., reserved properties).';
    await refused(400, refusal, 'POST', '_/actions/f', { fixed: 2 });
  });

  it('fires triggers at active rules', async () => {
    await whisk.put('a', CODE);
    await done('PUT', '_/triggers/t', { parameters: [{ key: 'from', value: 'trigger' }] });
    assert.equal((await whisk.call('POST', '_/triggers/t', {})).status, 204, 'no rule, no activation');
    const rule = await done('PUT', '_/rules/r', { trigger: '/_/t', action: '/_/a' });
    assert.deepEqual(rule.trigger, { path: 'guest', name: 't' });
    assert.equal(rule.status, 'active');
    const fired = await whisk.call('POST', '_/triggers/t', { n: 1 });
    assert.equal(fired.status, 202);
    const record = await whisk.activation(fired.body.activationId);
    assert.deepEqual(record.response, { result: { n: 1 }, status: 'success', success: true });
    assert.equal(record.end, undefined);
    const line = JSON.parse(record.logs[0]);
    assert.deepEqual(
      { ...line, activationId: 'id' },
      { statusCode: 0, success: true, activationId: 'id', rule: 'guest/r', action: 'guest/a' },
    );
    const { result } = (await whisk.activation(line.activationId)).response;
    assert.equal(result.from, 'trigger');
    assert.equal(result.n, 1);
    assert.equal(JSON.stringify(result).includes('Basic '), false, 'the key is in no record');
    assert.equal((await whisk.call('POST', '_/rules/r', { status: 'inactive' })).status, 200);
    assert.equal((await done('GET', '_/rules/r')).status, 'inactive');
    assert.equal((await whisk.call('POST', '_/triggers/t', {})).status, 204);
    await refused(400, /^The request content was malformed:\n.*paused/, 'POST', '_/rules/r', { status: 'paused' });
    await done('DELETE', '_/rules/r');
    assert.deepEqual((await done('GET', '_/triggers/t')).rules, {});
    await refused(400, 'trigger /guest/none does not exist', 'PUT', '_/rules/r', {
      trigger: '/_/none',
      action: '/_/a',
    });
    await refused(400, 'action /guest/none does not exist', 'PUT', '_/rules/r', { trigger: '/_/t', action: '/_/none' });
  });

  it('lists activations by name, time and number', async () => {
    await done('PUT', '_/packages/p', {});
    await whisk.put('a', CODE);
    await whisk.put('p/a', CODE);
    const first = (await whisk.invoke('a')).body;
    await whisk.invoke('p/a');
    await whisk.invoke('a', { last: true });
    const list = async (query: string) => done('GET', `_/activations?${query}`);
    assert.equal((await list('')).length, 3);
    assert.equal((await list('name=a')).length, 2);
    assert.equal((await list('name=p/a')).length, 1);
    assert.deepEqual(await list('count=true'), { activations: 3 });
    const [latest] = await list('limit=1&docs=true');
    assert.deepEqual(latest.response.result, { last: true });
    const [summary] = await list('limit=1');
    assert.equal(summary.response, undefined);
    assert.equal(summary.statusCode, 0);
    assert.equal((await list(`upto=${first.start - 1}`)).length, 0);
    assert.equal((await list(`since=${first.start}`)).length, 3);
    assert.deepEqual(await done('GET', `_/activations/${first.activationId}/logs`), { logs: [] });
    assert.equal((await done('GET', `_/activations/${first.activationId}/result`)).status, 'success');
    await refused(400, 'The activation id is not valid.', 'GET', '_/activations/abc');
    await refused(400, 'The activation id is not valid.', 'GET', `_/activations/${'z'.repeat(32)}`);
    await refused(404, 'The requested resource does not exist.', 'GET', `_/activations/${'0'.repeat(32)}`);
  });

  it('refuses what OpenWhisk refuses', async () => {
    await whisk.put('a', CODE);
    await done('PUT', '_/packages/p', {});
    const conformance = 'Resource by this name exists but is not in this collection.';
    await refused(409, conformance, 'PUT', '_/packages/a?overwrite=true', {});
    await refused(409, conformance, 'POST', '_/actions/p', {});
    await refused(409, conformance, 'GET', '_/triggers/a');
    await refused(400, 'The name of the entity contains illegal characters.', 'GET', '_/actions/$x');
    const long = 'x'.repeat(257);
    await refused(400, 'The name of the entity contains illegal characters.', 'GET', `_/actions/${long}`);
    await refused(400, "Package name 'default' is reserved.", 'PUT', '_/packages/default', {});
    await refused(400, 'exec undefined', 'PUT', '_/actions/none', {});
    await refused(400, /'kind' must be a string defined in 'exec'$/, 'PUT', '_/actions/none', { exec: { code: 'x' } });
    await refused(400, 'No component specified for the sequence.', 'PUT', '_/actions/s', {
      exec: { kind: 'sequence', components: [] },
    });
    await refused(400, 'Sequence component does not exist.', 'PUT', '_/actions/s', {
      exec: { kind: 'sequence', components: ['/_/absent'] },
    });
    await whisk.sequence('s', ['a']);
    await refused(400, 'Sequence may not refer to itself.', 'PUT', '_/actions/s?overwrite=true', {
      exec: { kind: 'sequence', components: ['/_/s'] },
    });
    const memory = 'requirement failed: memory size 1024 MB exceeds allowed threshold of 512 MB';
    await refused(400, memory, 'PUT', '_/actions/m', {
      exec: { kind: 'nodejs:20', code: CODE },
      limits: { memory: 1024 },
    });
    const limit = "The query parameter 'limit' was malformed:\nThe value '201' is not an integer from 0 to 200.";
    await refused(400, limit, 'GET', '_/actions?limit=201');
    await refused(400, /^The query parameter 'skip' was malformed:/, 'GET', '_/actions?skip=-1');
    for (const trigger of ['/_/', 'a', '/_/$x', 5, { path: '_' }]) {
      await refused(400, /must contain at least the namespace/, 'PUT', '_/rules/x', { trigger, action: '/_/a' });
    }
    const blocking = "The query parameter 'blocking' was malformed:\n'maybe' is not a valid Boolean value";
    await refused(400, blocking, 'POST', '_/actions/a?blocking=maybe', {});
    const wait = "The query parameter 'timeout' was malformed:\nTimeout must be number of milliseconds up to 60000.";
    await refused(400, wait, 'POST', '_/actions/a?blocking=true&timeout=60001', {});
    await refused(403, "The supplied authentication is not authorized to access 'other/x'.", 'GET', 'other/actions/x');
    await refused(405, /^HTTP method not allowed, supported methods: /, 'POST', '_/actions', {});
    await refused(405, 'HTTP method not allowed, supported methods: GET', 'DELETE', `_/activations/${'0'.repeat(32)}`);
    await refused(404, 'The requested resource could not be found.', 'GET', '_/things');
    await refused(404, 'The requested resource does not exist.', 'GET', '/api/v1/web/guest/default/none.json');
  });

  it('survives malformed, oversized and unauthenticated requests', async () => {
    await whisk.put('a', CODE);
    const malformed = await whisk.send('POST', '_/actions/a', '{"a": tru}');
    assert.equal(malformed.status, 400);
    assert.match(malformed.body.error, /^The request content was malformed:\n.*JSON/);
    await refused(400, 'The request content was malformed:\nJSON object expected', 'POST', '_/actions/a', [1]);
    const deep = await whisk.send('POST', '_/actions/a', '['.repeat(100_000));
    assert.equal(deep.status, 400);
    assert.match(deep.body.error, /nested more than 1000 levels deep$/);
    const big = 'x'.repeat(1024 * 1024);
    await refused(413, /^Request larger than allowed: \d+ > 1048576 bytes\.$/, 'POST', '_/actions/a', { big });
    await refused(413, 'parameters larger than allowed: 1048579 > 1048576 bytes.', 'PUT', '_/actions/p', {
      exec: { kind: 'nodejs:20', code: CODE },
      parameters: [{ key: 'b', value: big }],
    });
    const code = 'x'.repeat(48 * 1024 * 1024 + 1);
    await refused(413, 'exec larger than allowed: 50331649 > 50331648 bytes.', 'PUT', '_/actions/p', {
      exec: { kind: 'nodejs:20', code },
    });
    const unknown = await fetch(`${whisk.whisk.url}/api/v1/namespaces/_/actions`);
    assert.equal(unknown.status, 401);
    assert.match(unknown.headers.get('www-authenticate') ?? '', /^Basic realm="OpenWhisk secure realm"/);
    const garbage = await fetch(`${whisk.whisk.url}/api/v1/namespaces/%E0%A4%A/actions`);
    assert.equal(garbage.status, 400);
    assert.deepEqual(await whisk.result('a', { still: 'here' }), { still: 'here' });
  });

  it('keeps its state over a restart and ignores a truncated file', async () => {
    await whisk.put('a', CODE);
    await done('PUT', '_/triggers/t', {});
    await done('PUT', '_/rules/r', { trigger: '/_/t', action: '/_/a' });
    const { activationId } = (await whisk.invoke('a', { n: 1 })).body;
    const { appendFileSync, readdirSync, writeFileSync } = await import('node:fs');
    await whisk.whisk.close();
    appendFileSync(`${whisk.stateDir}/activations.jsonl`, '{"activationId":"torn');
    writeFileSync(`${whisk.stateDir}/entities/torn.json`, '{"type":"action","entity":{"na');
    writeFileSync(`${whisk.stateDir}/entities/half.json.tmp`, '{');
    await whisk.startServer();
    assert.equal(readdirSync(`${whisk.stateDir}/entities`).includes('half.json.tmp'), false);
    assert.deepEqual((await done('GET', `_/activations/${activationId}`)).response.result, { n: 1 });
    assert.equal((await done('GET', '_/rules/r')).status, 'active');
    assert.deepEqual(await whisk.result('a', { n: 2 }), { n: 2 });
    await whisk.restart();
    assert.equal((await done('GET', '_/activations?name=a')).length, 2, 'what follows a torn line is not lost');
  });

  it('answers 202 if a blocking invocation takes too long, and continues it', async () => {
    await whisk.put('slow', 'function main(a){ return new Promise(r => setTimeout(() => r({done: true}), 300)) }');
    const reply = await whisk.invoke('slow', {}, 'blocking=true&timeout=50');
    assert.equal(reply.status, 202);
    const record = await whisk.activation(reply.body.activationId);
    assert.deepEqual(record.response.result, { done: true });
    await until(() => (whisk.whisk.containers().busy === 0 ? true : undefined));
  });
});
