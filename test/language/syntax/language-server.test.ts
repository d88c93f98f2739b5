import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCHEMA_FILE } from '../../../src/base/package-files.ts';
import { LanguageServer, type Position } from './language-server.ts';

const HEADER = '# yaml-language-server: $schema=flow.v1.schema.json\n';

/** The text without its `|`, and where that was. */
function marked(text: string): { text: string; position: Position } {
  const before = text.slice(0, text.indexOf('|')).split('\n');
  const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
  return { text: text.replace('|', ''), position };
}

describe('flow files in an editor with yaml-language-server', () => {
  let folder: string;
  let server: LanguageServer;
  let files = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-editor-'));
    await copyFile(SCHEMA_FILE, join(folder, 'flow.v1.schema.json'));
    server = await LanguageServer.start(folder);
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const open = (text: string) => server.open(join(folder, `flow-${++files}.yaml`), text);

  async function completions(withMark: string): Promise<string[]> {
    const { text, position } = marked(HEADER + withMark);
    const { uri } = await open(text);
    return server.complete(uri, position);
  }

  async function hover(withMark: string): Promise<string> {
    const { text, position } = marked(HEADER + withMark);
    const { uri } = await open(text);
    return server.hover(uri, position);
  }

  function assertOffered(offered: string[], ...wanted: string[]): void {
    assert.deepEqual(
      wanted.filter((key) => !offered.includes(key)),
      [],
      `offered: ${offered.join(', ')}`,
    );
  }

  it('completes keys at the top', async () => {
    const offered = await completions('flow: F\n|\nsteps:\n  - step: a\n    run: pass\n');
    assertOffered(offered, 'description', 'parameters', 'resources', 'environment', 'code', 'outputs');
    assert.ok(!offered.includes('flow'), 'flow is there already');
  });

  it('completes the kinds of elements', async () => {
    assertOffered(await completions('flow: F\nsteps:\n  - |\n'), 'step', 'foreach', 'branches');
  });

  it('completes keys in a step', async () => {
    const offered = await completions('flow: F\nsteps:\n  - step: a\n    |\n');
    assertOffered(offered, 'run', 'call', 'resources');
  });

  it('completes keys in a foreach', async () => {
    const offered = await completions('flow: F\nsteps:\n  - foreach: items\n    |\n');
    assertOffered(offered, 'as', 'concurrency', 'steps', 'join');
  });

  it('completes keys deep inside', async () => {
    const text = [
      'flow: F',
      'steps:',
      '  - branches:',
      '      a:',
      '        - foreach: items',
      '          steps:',
      '            - step: work',
      '              run: pass',
      '              resources:',
      '                |',
      '',
    ].join('\n');
    assertOffered(await completions(text), 'memory', 'timeout');
  });

  it('completes the values of a type', async () => {
    const offered = await completions('flow: F\nparameters:\n  days:\n    type: |\n');
    assertOffered(offered, 'string', 'integer', 'number', 'boolean', 'json');
  });

  it('shows the meaning of a key, formatting code as code', async () => {
    const top = await hover('flow: F\noutp|uts: [total]\nsteps:\n  - step: a\n    run: pass\n');
    assert.match(top, /Artifacts to return as the result of a run, with their values after the last step\./);
    const step = await hover('flow: F\nsteps:\n  - step: a\n    ru|n: pass\n');
    assert.match(step, /Python code of the step\..*`self`/s);
    const join = await hover(
      'flow: F\nsteps:\n  - foreach: xs\n    steps: [{ step: a, run: pass }]\n    jo|in: { step: j, run: pass }\n',
    );
    assert.match(join, /The step that runs once all items or branches are done/);
    const memory = await hover('flow: F\nresources:\n  mem|ory: 512\nsteps:\n  - step: a\n    run: pass\n');
    assert.match(memory, /128 to 512 MB/);
  });

  it('marks a wrong key where it is', async () => {
    const { diagnostics } = await open(`${HEADER}flow: F\nsteps:\n  - step: a\n    rum: pass\n`);
    const wrong = diagnostics.find(({ message }) => message.includes('rum'));
    assert.ok(wrong, JSON.stringify(diagnostics));
    assert.deepEqual(wrong.range.start, { line: 4, character: 4 });
  });

  it('finds nothing wrong with a good flow', async () => {
    const good =
      'flow: F\nsteps:\n  - foreach: xs\n    steps: [{ step: a, run: pass }]\n    join: { step: j, run: pass }\n';
    assert.deepEqual((await open(HEADER + good)).diagnostics, []);
  });

  it('reads the schema from the header line only', async () => {
    const wrong = 'flow: F\nstepps: []\n';
    assert.match((await open(HEADER + wrong)).diagnostics.map(({ message }) => message).join(), /stepps/);
    assert.deepEqual((await open(wrong)).diagnostics, []);
    const missing = await open(`# yaml-language-server: $schema=missing.json\n${wrong}`);
    assert.match(missing.diagnostics.map(({ message }) => message).join(), /missing\.json/);
  });
});
