import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readParameters } from '../../src/cli/parameters.ts';
import { UserError } from '../../src/errors.ts';
import type { PlannedParameter } from '../../src/model/plan.ts';

const planned: Record<string, PlannedParameter> = {
  label: { type: 'string', required: true, help: 'put before each title' },
  days: { type: 'integer', required: false, default: 7 },
  rate: { type: 'number', required: false, default: 0.5 },
  loud: { type: 'boolean', required: false, default: false },
  options: { type: 'json', required: false, default: {} },
};

async function problemOf(...given: string[]): Promise<UserError> {
  let thrown: unknown;
  await readParameters(given, planned).catch((error: unknown) => {
    thrown = error;
  });
  assert.ok(thrown instanceof UserError, `no problem was found with ${given.join(' ')}`);
  return thrown;
}

describe('readParameters', () => {
  it('reads every type', async () => {
    const given = ['label=a=b, c', 'days=-3', 'rate=1e-4', 'loud=Yes', 'options={"a": [1, null]}'];
    assert.deepEqual(await readParameters(given, planned), {
      label: 'a=b, c',
      days: -3,
      rate: 1e-4,
      loud: true,
      options: { a: [1, null] },
    });
  });

  it('leaves defaults to the flow', async () => {
    assert.deepEqual(await readParameters(['label='], planned), { label: '' });
  });

  it('takes null for JSON, and does not read files for text', async () => {
    const given = ['label=@nothing', 'options=null'];
    assert.deepEqual(await readParameters(given, planned), { label: '@nothing', options: null });
  });

  it('says which value is of the wrong type', async () => {
    for (const given of [
      'days=3.5',
      'days=x',
      'days=',
      'days=9007199254740993',
      'rate=much',
      'rate=Infinity',
      'loud=2',
      'options={a}',
    ]) {
      const { code, message } = await problemOf('label=x', given);
      assert.equal(code, 'bad-parameter', given);
      assert.match(message, new RegExp(`^the parameter ${given.split('=')[0]} is no `));
    }
  });

  it('suggests the name that was meant', async () => {
    const { code, message, hint } = await problemOf('label=x', 'dais=3');
    assert.deepEqual([code, message], ['unknown-parameter', 'the flow has no parameter dais']);
    assert.equal(hint, 'did you mean "days"?');
  });

  it('does not take a property of every object for a parameter', async () => {
    assert.equal((await problemOf('label=x', 'constructor=3')).code, 'unknown-parameter');
  });

  it('names what is missing, with its help', async () => {
    const { code, message, hint } = await problemOf();
    assert.equal(code, 'missing-parameter');
    assert.equal(message, 'the parameter label is missing (put before each title)');
    assert.equal(hint, 'give it with -p label=VALUE');
  });

  it('reports everything at once', async () => {
    const { message, hint } = await problemOf('days', 'rate=x', 'loud=1', 'loud=0');
    assert.equal(
      message,
      '"days" is not name=value; the parameter rate is no number; the parameter loud is given twice; ' +
        'the parameter label is missing (put before each title)',
    );
    assert.match(hint ?? '', /label \(string, required\), days \(integer\)/);
  });

  describe('with a file', () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'nuvopipe-parameters-'));
      await writeFile(join(folder, 'good.json'), '[1, 2]');
      await writeFile(join(folder, 'bad.json'), '[1, 2');
    });
    after(() => rm(folder, { recursive: true }));

    it('reads JSON from it', async () => {
      const given = ['label=x', `options=@${join(folder, 'good.json')}`];
      assert.deepEqual(await readParameters(given, planned), { label: 'x', options: [1, 2] });
    });

    it('says when it is not there or not JSON', async () => {
      assert.match((await problemOf('label=x', `options=@${folder}/none.json`)).message, /none.json cannot be read$/);
      assert.match((await problemOf('label=x', `options=@${folder}/bad.json`)).message, /bad.json is not JSON$/);
    });
  });
});
