import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserError } from '../../../src/base/errors.ts';
import { readSecrets } from '../../../src/cli/flags/secret-flags.ts';
import { parseSecretsFile } from '../../../src/cli/flags/secrets-file.ts';
import type { Plan } from '../../../src/contract/plan.ts';

const PLAN = {
  flow: 'PayFlow',
  steps: { load: {}, pay: { secrets: ['API_TOKEN', 'DB_URL'] }, tell: { secrets: ['API_TOKEN'] } },
} as unknown as Plan;

/** The error, in which no value may be. */
async function refusal(work: () => unknown): Promise<UserError> {
  try {
    await work();
  } catch (error) {
    assert.doesNotMatch(`${(error as UserError).message} ${(error as UserError).hint}`, /hush/);
    return error as UserError;
  }
  throw new Error('it was taken');
}
const BUNDLE = { plan: PLAN };

describe('secrets of a command', () => {
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-secrets-'));
    file = join(folder, '.env');
    await writeFile(file, 'API_TOKEN=hush-file\nUNRELATED=x\n');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('come from the flag, then from the file, then from the environment', async () => {
    const env = { API_TOKEN: 'env', DB_URL: 'env' };
    assert.deepEqual(await readSecrets({ secret: [] }, BUNDLE, env), { API_TOKEN: 'env', DB_URL: 'env' });
    assert.deepEqual(await readSecrets({ secret: [], 'secrets-file': file }, BUNDLE, env), {
      API_TOKEN: 'hush-file',
      DB_URL: 'env',
    });
    assert.deepEqual(await readSecrets({ secret: ['API_TOKEN=a=b'], 'secrets-file': file }, BUNDLE, env), {
      API_TOKEN: 'a=b',
      DB_URL: 'env',
    });
    // As docker run -e NAME: this one from the environment, whatever the file says.
    assert.deepEqual(await readSecrets({ secret: ['API_TOKEN'], 'secrets-file': file }, BUNDLE, env), {
      API_TOKEN: 'env',
      DB_URL: 'env',
    });
  });

  it('of a flow without secrets is empty', async () => {
    assert.deepEqual(
      await readSecrets({ secret: [] }, { plan: { flow: 'F', steps: { a: {} } } as unknown as Plan }, {}),
      {},
    );
  });

  it('that are missing or empty are reported together with their steps', async () => {
    const error = await refusal(() => readSecrets({ secret: [] }, BUNDLE, { DB_URL: '' }));
    assert.deepEqual([error.name, error.code], ['UserError', 'missing-secrets']);
    assert.equal(error.message, 'the flow PayFlow needs secrets: API_TOKEN (steps pay, tell), DB_URL (step pay)');
    assert.match(error.hint ?? '', /environment variables of these names, or pass --secrets-file FILE/);
  });

  it('that the flow does not have are refused, and so is one given twice', async () => {
    const unknown = await refusal(() => readSecrets({ secret: ['API_TOKN=hush'] }, BUNDLE, {}));
    assert.deepEqual([unknown.code, unknown.hint], ['unknown-secret', 'did you mean "API_TOKEN"?']);
    const twice = await refusal(() => readSecrets({ secret: ['DB_URL=hush', 'DB_URL=hush'] }, BUNDLE, {}));
    assert.equal(twice.message, 'the secret DB_URL is set twice');
    const none = await refusal(() => readSecrets({ secret: [], 'secrets-file': join(folder, 'none') }, BUNDLE, {}));
    assert.equal(none.code, 'secrets-file');
  });
});

describe('a file of secrets', () => {
  const parse = (text: string) => Object.fromEntries(parseSecretsFile(text, 'x.env'));

  it('has one name and value per line, as in .env files', () => {
    const text = [
      '\uFEFF# for the bank',
      '',
      'PLAIN=a b ',
      'export SHELL_LIKE = x',
      'COMMENT=v # why',
      'EMPTY=',
      'ONLY_COMMENT= # none',
      "SINGLE='a # \\n $b'",
      'DOUBLE="a \'b\' # \\d \\n$c" # d',
      'EQUALS=k=v==',
      'APOSTROPHE=it\'s "so"',
    ].join('\r\n');
    assert.deepEqual(parse(text), {
      PLAIN: 'a b',
      SHELL_LIKE: 'x',
      COMMENT: 'v',
      EMPTY: '',
      ONLY_COMMENT: '',
      SINGLE: 'a # \\n $b',
      DOUBLE: "a 'b' # \\d \n$c",
      EQUALS: 'k=v==',
      APOSTROPHE: 'it\'s "so"',
    });
  });

  it('can have quoted values of several lines', () => {
    assert.deepEqual(parse('KEY="-----BEGIN\nabc\n-----END"\nNEXT=1'), { KEY: '-----BEGIN\nabc\n-----END', NEXT: '1' });
  });

  it('can be JSON', () => {
    assert.deepEqual(parse(' {"A": "1", "B": "x\\ny"}'), { A: '1', B: 'x\ny' });
  });

  for (const [text, message] of [
    ['A=1\nhush: x', 'x.env:2:1: expected NAME=VALUE'],
    ['A=1\n  "hush"', 'x.env:2:1: expected NAME=VALUE'],
    ['A=1\n\nB="hush', 'x.env:3:3: this quote is never closed'],
    ['A="hush\nB="hush"', 'x.env:2:4: there is text after the closing quote'],
    ['A="hush" hush', 'x.env:1:9: there is text after the closing quote'],
    ['A="hush\nhush\\"hush"', 'x.env:2:5: unsupported escape sequence'],
    ['A="hush\\\\"', 'x.env:1:8: unsupported escape sequence'],
    ["A='hush\\'\nB='hush'", 'x.env:1:8: unsupported escape sequence'],
    ['A=hush#hush', 'x.env:1:3: this value needs quotes'],
    ['A=`hush`', 'x.env:1:3: this value needs quotes'],
    ['{"A": hush}', 'x.env starts like JSON, but is invalid'],
    ['{"A": 1}', 'A in x.env is not text'],
  ] as const) {
    it(`is refused if it is ${JSON.stringify(text)}`, async () => {
      const error = await refusal(() => parse(text));
      assert.deepEqual([error.code, error.message], ['secrets-file', message]);
    });
  }
});
