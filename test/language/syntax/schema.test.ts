import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flowValidators } from '../../../scripts/generate/validators.ts';

const root = join(import.meta.dirname, '../../..');

type Schema = { [key: string]: unknown };

describe('the schema of flow files', () => {
  let schema: Schema;
  before(async () => {
    schema = JSON.parse(await readFile(join(root, 'schemas/flow.v1.schema.json'), 'utf8'));
  });

  it('describes every key', () => {
    const definitions = schema.definitions as Record<string, Schema>;
    const missing: string[] = [];
    function look(part: unknown, path: string): void {
      if (typeof part !== 'object' || part === null || Array.isArray(part)) return;
      for (const [key, property] of Object.entries(((part as Schema).properties ?? {}) as Record<string, Schema>)) {
        const reference = String(property.$ref ?? '')
          .split('/')
          .at(-1) as string;
        const text = property.description ?? definitions[reference]?.description;
        if (typeof text !== 'string' || text.length < 10) missing.push(`${path}.${key}`);
      }
      for (const [key, value] of Object.entries(part))
        if (!['examples', 'default'].includes(key)) look(value, `${path}.${key}`);
    }
    look(schema, 'flow');
    assert.deepEqual(missing, []);
    assert.match(String(schema.$id), /v1$/);
  });

  it('is compiled to validators that import no other module', async () => {
    assert.doesNotMatch(await flowValidators(), /require\(/);
  });
});
