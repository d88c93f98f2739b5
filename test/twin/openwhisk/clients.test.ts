/** Real clients: npm's openwhisk, and compositions of openwhisk-composer. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import openwhisk from 'openwhisk';
import { AUTH, type Body, Harness, until } from './harness.ts';

const require = createRequire(import.meta.url);

describe('clients', () => {
  let whisk: Harness;
  let client: Body;
  before(async () => {
    whisk = await Harness.start();
    client = openwhisk({ apihost: whisk.whisk.url, api_key: AUTH } as Body);
  });
  after(() => whisk.stop());

  it('npm openwhisk: actions, packages, triggers, rules, activations', async () => {
    await client.actions.update({ name: 'hello', action: 'function main(a) { return {hello: a.name} }' });
    const params = { name: 'you' };
    assert.deepEqual(await client.actions.invoke({ name: 'hello', blocking: true, result: true, params }), {
      hello: 'you',
    });
    await assert.rejects(client.actions.invoke({ name: 'absent', blocking: true }), { statusCode: 404 });
    await assert.rejects(client.actions.create({ name: 'hello', action: 'x' }), { statusCode: 409 });
    await client.packages.update({ name: 'pkg', package: { parameters: [{ key: 'name', value: 'package' }] } });
    await client.actions.update({ name: 'pkg/hello', action: 'function main(a) { return {hello: a.name} }' });
    const packaged = await client.actions.invoke({ name: 'pkg/hello', blocking: true });
    assert.deepEqual(packaged.response.result, { hello: 'package' });
    await client.triggers.create({ name: 'trigger' });
    await client.rules.create({ name: 'rule', action: 'hello', trigger: 'trigger' });
    const { activationId } = await client.triggers.invoke({ name: 'trigger', params });
    const fired = await until(async () => client.activations.get({ name: activationId }).catch(() => undefined));
    const caused = JSON.parse(fired.logs[0]).activationId;
    const record = await until(async () => client.activations.get({ name: caused }).catch(() => undefined));
    assert.deepEqual(record.response.result, { hello: 'you' });
    assert.deepEqual(await client.activations.logs({ name: caused }), { logs: [] });
    await client.rules.disable({ name: 'rule' });
    assert.equal((await client.rules.get({ name: 'rule' })).status, 'inactive');
    assert.equal((await client.actions.list()).length, 2);
    assert.equal((await client.packages.list()).length, 1);
    await client.rules.delete({ name: 'rule' });
    await client.triggers.delete({ name: 'trigger' });
    await client.actions.delete({ name: 'pkg/hello' });
    await client.packages.delete({ name: 'pkg' });
    assert.deepEqual(await client.packages.list(), []);
  });

  it('openwhisk-composer: a generated conductor runs', async () => {
    const composer: Body = require('openwhisk-composer');
    const conductor: Body = require('openwhisk-composer/conductor');
    await client.actions.update({ name: 'inc', action: 'function main(a) { return {n: a.n + 1} }' });
    await client.actions.update({ name: 'fail', action: 'function main(a) { throw new Error("no") }' });
    const composition = composer.sequence(
      composer.repeat(3, 'inc'),
      composer.if(composer.function('() => ({ value: true })'), composer.function('(a) => ({ n: a.n * 10 })'), 'fail'),
      composer.try('fail', composer.function('(a) => ({ caught: a.error })')),
    );
    const generated = conductor.generate({ name: 'composed', ...composition.compile() });
    const { exec } = generated.action;
    const annotations = generated.action.annotations.concat({ key: 'conductor', value: true });
    await whisk.call('PUT', '_/actions/composed', { exec, annotations });
    const result = await whisk.result('composed', { n: 1 });
    assert.deepEqual(result, { caught: 'An error has occurred: Error: no' });
  });
});
