import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../src/base/errors.ts';
import { parseJson } from '../../../src/base/json.ts';
import type { PlannedParameter } from '../../../src/contract/plan.ts';
import { PARAMETERS_MAX_BYTES } from '../../../src/contract/protocol.generated.ts';
import { readParameters } from '../../../src/platform/runs/parameter-texts.ts';

const PLANNED: Record<string, PlannedParameter> = {
  label: { type: 'string', required: true, help: 'put before each title' },
  days: { type: 'integer', required: false, default: 7, max: 30 },
  rate: { type: 'number', required: false, default: 0.5 },
  loud: { type: 'boolean', required: false, default: false },
  options: { type: 'json', required: false, default: {} },
  text: { type: 'file', required: false },
};

/** Of the runtime's tests, too: both say the same in the same words. */
interface SharedCase {
  spec: Omit<PlannedParameter, 'required'>;
  given: string;
  value?: unknown;
  /** What the command line sends, where it is not the value: JSON, and what the conductor would round. */
  sent?: unknown;
  problem?: string;
}

async function problemOf(given: string[], planned = PLANNED): Promise<UserError> {
  const thrown = await readParameters(given, planned).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof UserError, `no problem was found with ${given.join(' ')}`);
  return thrown;
}

describe('readParameters', () => {
  it('reads a value of every type', async () => {
    const given = ['label=a=b, c', 'days=-3', 'rate=1e-4', 'loud=Yes', 'options={"a": [1, null]}'];
    assert.deepEqual(await readParameters(given, PLANNED), {
      label: 'a=b, c',
      days: -3,
      rate: 1e-4,
      loud: true,
      options: '{"a": [1, null]}',
    });
  });

  it('reads and refuses what the run does, in the same words', async () => {
    const file = join(import.meta.dirname, '../../../schemas/golden/parameters.json');
    const cases = parseJson(await readFile(file, 'utf8')) as SharedCase[];
    for (const { spec, given, value, sent = value, problem } of cases) {
      const planned = { p: { ...spec, required: true } };
      if (problem === undefined) assert.deepEqual(await readParameters([`p=${given}`], planned), { p: sent });
      else assert.equal((await problemOf([`p=${given}`], planned)).message, `the parameter "p" ${problem}`);
    }
  });

  it('leaves to the run what JavaScript reads in another way than Python, or not at all', async () => {
    const matchedByPython: [pattern: string, text: string][] = [
      ['(?P<a>x)', 'x'],
      ['x++', 'xx'],
      ['(?x) a  # comment', 'a'],
      ['\\d+', '٣'],
      ['\\w+', 'kůň'],
      ['[]a]+', ']a'],
      ['[]][a]', ']a'],
      ['a.b', 'a\rb'],
      ['a$\\n?', 'a\n'],
      ['(?:(a)|b)*\\1', 'abaa'],
      ['\\@', '@'],
    ];
    for (const [pattern, text] of matchedByPython) {
      const planned = { p: { type: 'string', required: false, pattern } } as const;
      assert.deepEqual(await readParameters([`p=${text}`], planned), { p: text }, pattern);
    }
  });

  it('leaves defaults to the flow', async () => {
    assert.deepEqual(await readParameters(['label='], PLANNED), { label: '' });
  });

  it('accepts null as JSON and does not read files for text', async () => {
    const given = ['label=@nothing', 'options=null'];
    assert.deepEqual(await readParameters(given, PLANNED), { label: '@nothing', options: 'null' });
  });

  it('suggests the name that was meant', async () => {
    const { code, message, hint } = await problemOf(['label=x', 'dais=3']);
    assert.deepEqual([code, message], ['unknown-parameter', 'the flow has no parameter "dais"']);
    assert.equal(hint, 'did you mean "days"?');
  });

  it('does not take a property of every object for a parameter', async () => {
    assert.equal((await problemOf(['label=x', 'constructor=3'])).code, 'unknown-parameter');
  });

  it('names what is missing, with its help', async () => {
    const { code, message, hint } = await problemOf([]);
    assert.equal(code, 'missing-parameter');
    assert.equal(message, 'the parameter "label" is missing (put before each title)');
    assert.equal(hint, 'add -p label=VALUE');
  });

  it('reports everything at once', async () => {
    const { message, hint } = await problemOf(['what', 'days', 'days=31', 'rate=x', 'loud=1', 'loud=0']);
    assert.deepEqual(message.split('; '), [
      'the parameter "label" is missing (put before each title)',
      'the parameter "days" has no value',
      'the parameter "days" is set twice',
      'the parameter "rate" must be a number, not "x"',
      'the parameter "loud" is set twice',
      'invalid parameter "what"',
    ]);
    assert.match(hint ?? '', /label \(string, required\), days \(integer\)/);
  });

  it('never shows a secret', async () => {
    const planned: Record<string, PlannedParameter> = {
      token: { type: 'secret', required: true, pattern: 'ghp_[a-z]+' },
      n: { type: 'integer', required: false },
    };
    const { message, hint } = await problemOf(['token=hush-hush', 'token=hush-again', 'n=x'], planned);
    assert.doesNotMatch(`${message} ${hint}`, /hush/);
    assert.match(message, /^the parameter "token" must match the pattern ghp_\[a-z\]\+ as a whole; /);
  });

  it('accepts no more than an invocation can carry', async () => {
    const room = PARAMETERS_MAX_BYTES - '{"label":""}'.length;
    assert.ok(await readParameters([`label=${'x'.repeat(room)}`], PLANNED));
    const { code, message } = await problemOf([`label=${'x'.repeat(room + 1)}`]);
    assert.equal(code, 'parameters-too-large');
    assert.equal(
      message,
      'the parameters take 497 kB of JSON, but an invocation can carry only 496 kB; the largest is "label"',
    );
    const sealed: Record<string, PlannedParameter> = { ...PLANNED, token: { type: 'secret', required: false } };
    assert.match((await problemOf([`label=${'x'.repeat(room)}`], sealed)).message, /carry only 372 kB/);
  });

  describe('with a file', () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'nuvopipe-parameters-'));
      const files = {
        'good.json': '[1, 2]',
        'bad.json': '[1, 2',
        'text.txt': '\ufeffkůň\n',
        'token.txt': 'hush-hush\n',
        'latin.txt': Buffer.from('k\xf9\xf2', 'latin1'),
        'model.bin': Buffer.from([0xff, 0, 0x80]),
        'large.txt': 'x'.repeat(PARAMETERS_MAX_BYTES + 1),
      };
      for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
      await mkdir(join(folder, 'folder'));
    });
    after(() => rm(folder, { recursive: true }));

    const file = (name: string) => join(folder, name);

    it('reads its text', async () => {
      assert.deepEqual(await readParameters(['label=x', `text=${file('text.txt')}`], PLANNED), {
        label: 'x',
        text: 'kůň\n',
      });
    });

    it('reads JSON from it', async () => {
      const given = ['label=x', `options=@${file('good.json')}`];
      assert.deepEqual(await readParameters(given, PLANNED), { label: 'x', options: '[1, 2]' });
    });

    it('reads a secret from it, which then is in no command line', async () => {
      const planned = { token: { type: 'secret', required: true } } as const;
      assert.deepEqual(await readParameters([`token=@${file('token.txt')}`], planned), { token: 'hush-hush' });
    });

    it('reads its bytes', async () => {
      const planned = { model: { type: 'file', required: true, binary: true } } as const;
      assert.deepEqual(await readParameters([`model=${file('model.bin')}`], planned), { model: '/wCA' });
    });

    it('explains how to pass files that are not UTF-8', async () => {
      const { hint } = await problemOf(['label=x', `text=${file('latin.txt')}`]);
      assert.match(hint ?? '', /iconv -f latin1 -t utf-8 .*"binary: true"/);
    });

    it('reports files that it cannot write', async () => {
      const said: [argument: string, message: string][] = [
        [`text=${file('none')}`, `there is no file "${file('none')}"`],
        [`text=${file('folder')}`, `"${file('folder')}" is a folder`],
        [`text=${file('latin.txt')}`, `the file "${file('latin.txt')}" is not UTF-8 text`],
        [
          `text=${file('large.txt')}`,
          `the file "${file('large.txt')}" exceeds the 496 kB that an invocation can carry`,
        ],
        [`options=@${file('none')}`, `there is no file "${file('none')}"`],
      ];
      for (const [argument, message] of said) {
        const { code, message: was, hint } = await problemOf(['label=x', argument]);
        const name = argument.split('=', 1)[0];
        assert.deepEqual([code, was], ['parameter-file', `the parameter "${name}" cannot be read: ${message}`]);
        assert.ok(hint);
      }
      const { message } = await problemOf(['label=x', `options=@${file('bad.json')}`]);
      assert.match(message, /^the parameter "options" must be JSON, not "@.*bad\.json"$/);
    });
  });
});
