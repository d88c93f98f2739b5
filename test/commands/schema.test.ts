import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { SCHEMA_FILE } from '../../src/package-files.ts';
import { runCommand } from '../support/command.ts';

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
});
