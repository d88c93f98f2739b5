import assert from 'node:assert/strict';
import { testValidators } from '../../scripts/generate/validators.ts';
import { readSchema, TEST_SCHEMA_FILE } from '../../src/base/package-files.ts';

type Schema = { [key: string]: unknown };

describe('the schema of test files', () => {
  it('is compiled to a validator that imports no other module', async () => {
    assert.doesNotMatch(await testValidators(), /require\(/);
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
