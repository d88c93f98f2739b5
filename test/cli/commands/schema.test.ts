import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { SCHEMA_FILE, TEST_SCHEMA_FILE } from '../../../src/base/package-files.ts';
import { runCommand } from '../../support/command.ts';

describe('nuvopipe schema', () => {
  it('prints the schema, byte for byte, and the same as JSON', async () => {
    const [plain, json] = await Promise.all([runCommand('schema', []), runCommand('schema', ['--json'])]);
    assert.deepEqual([plain.code, plain.stderr, json.code, json.stderr], [0, '', 0, '']);
    assert.equal(plain.stdout, await readFile(SCHEMA_FILE, 'utf8'));
    assert.deepEqual(JSON.parse(json.stdout), JSON.parse(plain.stdout));
  });

  it('names its version, and takes flows', async () => {
    const schema = JSON.parse((await runCommand('schema', [])).stdout);
    assert.match(schema.$id, /:v1$/);
    const validate = new Ajv({ allowUnionTypes: true, keywords: ['markdownDescription'] }).compile(schema);
    assert.ok(validate({ flow: 'F', steps: [{ step: 'a', run: 'pass' }] }));
    assert.ok(!validate({ flow: 'F', steps: [{ step: 'a', rum: 'pass' }] }));
  });

  it('prints that of test files', async () => {
    const { code, stdout } = await runCommand('schema', ['test']);
    assert.deepEqual([code, stdout], [0, await readFile(TEST_SCHEMA_FILE, 'utf8')]);
    const schema = JSON.parse(stdout);
    assert.equal(schema.$id, 'urn:nuvopipe:schema:test:v1');
    const validate = new Ajv({ allowUnionTypes: true, keywords: ['markdownDescription'] }).compile(schema);
    assert.ok(validate({ cases: [{ name: 'a', mock: { load: { set: { rows: [] } } } }] }));
    assert.ok(!validate({ cases: [{ name: 'a', mock: { load: { sets: { rows: [] } } } }] }));
  });

  it('knows no other kinds', async () => {
    const { code, stderr } = await runCommand('schema', ['flows']);
    assert.equal(code, 2);
    assert.match(stderr, /flow, test/);
  });
});
