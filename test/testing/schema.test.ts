import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testValidators } from '../../scripts/generate.ts';
import { readSchema, TEST_SCHEMA_FILE } from '../../src/package-files.ts';

type Schema = { [key: string]: unknown };

describe('the schema of test files', () => {
  it('is what the validator is made of, which needs no other module', async () => {
    const made = await readFile(join(import.meta.dirname, '../../src/testing/validators.generated.ts'), 'utf8');
    assert.equal(made, await testValidators(), 'run npm run generate');
    assert.doesNotMatch(made, /require\(/);
  });

  it('describes every key', async () => {
    const schema = JSON.parse(await readSchema(TEST_SCHEMA_FILE)) as Schema & { definitions: Record<string, Schema> };
    for (const [title, section] of Object.entries({ file: schema, ...schema.definitions })) {
      for (const [key, property] of Object.entries((section.properties ?? {}) as Record<string, Schema>)) {
        const target = schema.definitions[String(property.$ref).split('/').at(-1) ?? ''];
        const text = property.description ?? target?.description;
        assert.ok(typeof text === 'string' && text.length > 10, `${title}: ${key}`);
      }
    }
  });
});
