import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { strFromU8, unzipSync } from 'fflate';
import { PUBLIC_KEY } from '../../src/compiler/composition.ts';
import { publicKeyOf } from '../../src/platform/deploy/sealing-key.ts';
import { runSession } from './conductor.ts';
import { fileText, Workshop } from './flows.ts';

const FLOW = `
flow: ParametersFlow
parameters:
  mode: { type: string, enum: [a, b], default: a, help: "which \\"one\\"" }
  count: { type: integer, min: 1, max: 5, default: 2 }
  share: { type: number, min: 0.5, required: true }
  flag: { type: boolean, default: false }
  options: { type: json, default: { a: [1, null] } }
  words: { type: file, default: ./data/../data/words.txt }
  more: { type: file, required: true, help: a text }
  token: { type: secret, pattern: "[a-z]+" }
steps:
  - step: start
    run: pass
`;

describe('parameters, compiled', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
    await workshop.write({ 'data/words.txt': 'kůň\n' });
  });
  after(() => workshop.close());

  it('become Metaflow parameters with everything Metaflow supports', async () => {
    const code = fileText(await workshop.bundle(FLOW), 'flow.py');
    const lines = code.split('\n').filter((line) => line.includes('= metaflow.'));
    assert.deepEqual(
      lines.map((line) => line.trim()),
      [
        'mode = metaflow.Parameter("mode", type=str, default="a", help="which \\"one\\"")',
        'count = metaflow.Parameter("count", type=int, default=2)',
        'share = metaflow.Parameter("share", type=float, required=True)',
        'flag = metaflow.Parameter("flag", type=bool, default=False)',
        'options = metaflow.Parameter("options", type=metaflow.JSONType, default="{\\"a\\":[1,null]}")',
        'words = metaflow.IncludeFile("words", default=_beside("data/words.txt"))',
        'more = metaflow.IncludeFile("more", required=True, help="a text")',
        'token = metaflow.Parameter("token", type=str)',
      ],
    );
    assert.match(code, /^def _beside\(path\):$/m);
  });

  it('are in the plan with all restrictions that the run checks', async () => {
    const { plan } = await workshop.bundle(FLOW);
    assert.deepEqual(plan.parameters, {
      mode: { type: 'string', required: false, default: 'a', enum: ['a', 'b'], help: 'which "one"' },
      count: { type: 'integer', required: false, default: 2, min: 1, max: 5 },
      share: { type: 'number', required: true, min: 0.5 },
      flag: { type: 'boolean', required: false, default: false },
      options: { type: 'json', required: false, default: { a: [1, null] } },
      words: { type: 'file', required: false, default: 'data/words.txt' },
      more: { type: 'file', required: true, help: 'a text' },
      token: { type: 'secret', required: false, pattern: '[a-z]+' },
    });
  });

  it('have their files beside flow.py, in the bundle and in the zip', async () => {
    const bundle = await workshop.bundle(FLOW);
    assert.equal(fileText(bundle, 'data/words.txt'), 'kůň\n');
    const zipped = unzipSync(bundle.files.get('step.zip') as Uint8Array);
    assert.equal(strFromU8(zipped['flow/data/words.txt'] as Uint8Array), 'kůň\n');
    assert.ok('data/words.txt' in bundle.manifest.files);
  });

  it('take no file from outside of the flow’s folder, not through a link either', async () => {
    await mkdir(workshop.path('elsewhere'), { recursive: true });
    await symlink('/etc/hostname', workshop.path('data/link.txt'));
    const { diagnostics } = await workshop.compile(FLOW.replace('./data/../data/words.txt', 'data/link.txt'));
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['file-outside'],
    );
  });

  it('are checked as far as possible without Python', async () => {
    const flow = FLOW.replace('default: 2 }', 'default: 7 }');
    const { diagnostics } = await workshop.compile(flow, { python: 'no-such-python' });
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['unmet-default', 'no-python'],
    );
  });

  it('of a flow with secrets are sealed by the conductor, whatever they are called', async () => {
    const store = { bucket: 'b', prefix: '', region: 'r', accessKeyId: 'a', secretAccessKey: 'known to steps alone' };
    const conductor = fileText(await workshop.bundle(FLOW), 'conductor.js');
    const deployed = conductor.replaceAll(PUBLIC_KEY, publicKeyOf('ParametersFlow', store));
    const given = { run: 'mine', token: 'hush-hush', tokne: 'hush-again', share: 1 };
    const done = { run: 'mine', result: { run: 'mine', status: 'succeeded' } };
    const { calls } = await runSession(deployed, given, () => done, { require: createRequire(import.meta.url) });
    assert.equal(calls[0]?.params.run, 'mine');
    assert.match(String(calls[0]?.params.params), /^[0-9A-Za-z+/]{100,}=*$/);
    assert.doesNotMatch(JSON.stringify(calls), /hush|share/);
    const undeployed = await runSession(conductor, given, () => done, { require: createRequire(import.meta.url) });
    assert.deepEqual(undeployed.calls, [], 'without a key it does nothing');
    assert.doesNotMatch(JSON.stringify(undeployed.result), /hush/);
  });
});
