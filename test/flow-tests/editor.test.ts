import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_SCHEMA_FILE } from '../../src/base/package-files.ts';
import { LanguageServer } from '../language/syntax/language-server.ts';

const HEADER = '# yaml-language-server: $schema=test.v1.schema.json\n';

describe('test files in an editor with yaml-language-server', () => {
  let folder: string;
  let server: LanguageServer;
  let files = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-editor-'));
    await copyFile(TEST_SCHEMA_FILE, join(folder, 'test.v1.schema.json'));
    server = await LanguageServer.start(folder);
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const open = (text: string) => server.open(join(folder, `${++files}.test.yaml`), HEADER + text);

  it('completes what a mock does', async () => {
    const { uri } = await open('cases:\n  - name: a\n    mock:\n      load:\n        \n');
    const offered = await server.complete(uri, { line: 5, character: 8 });
    for (const key of ['set', 'run', 'returns', 'error', 'timeout', 'each']) assert.ok(offered.includes(key), key);
  });

  it('explains a key', async () => {
    const { uri } = await open('cases:\n  - name: a\n    expect: { path: [load] }\n');
    assert.match(await server.hover(uri, { line: 3, character: 16 }), /in the order of the flow file/);
  });

  it('marks exactly what the schema rejects', async () => {
    const { diagnostics } = await open('cases:\n  - name: a\n    mocks: {}\n');
    assert.equal(diagnostics.length, 1);
    const fine = await open('cases:\n  - name: a\n    mock: { load: { each: [null, { set: { rows: [] } }] } }\n');
    assert.deepEqual(fine.diagnostics, []);
  });
});
