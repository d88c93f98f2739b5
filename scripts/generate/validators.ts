import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';

type Schema = Record<string, unknown> & { definitions: Record<string, Schema> };

const HEADER = '// @ts-nocheck\n// Made by `npm run generate`; do not edit.\n';

/**
 * The validators of flow files: one for the top level and one for each kind of element. None of them looks into the elements of
 * a `steps` list: the caller finds out the kind of each element and calls that kind's validator, so that errors are about it only.
 */
export async function flowValidators(): Promise<string> {
  const schema = await readSchema('flow');
  const id = schema.$id as string;
  schema.definitions.element = {} as Schema;
  schema.definitions.join = {} as Schema;
  (schema.properties as Record<string, Schema>).onFailure = { type: 'array', minItems: 1 } as unknown as Schema;
  const kinds = ['step', 'foreach', 'branches', 'switch', 'while', 'until', 'joinStep'];
  // Some of them are reserved words of JavaScript.
  const parts = kinds.map((kind) => [`${kind}Part`, `${id}#/definitions/${kind}`]);
  const names = Object.fromEntries([['flowPart', id], ...parts]);
  return compiled(schema, names);
}

/** The validator of test files. */
export async function testValidators(): Promise<string> {
  const schema = await readSchema('test');
  return compiled(schema, { testFile: schema.$id as string });
}

function compiled(schema: Schema, names: Record<string, string>): string {
  const ajv = new Ajv({
    allErrors: true,
    allowUnionTypes: true,
    verbose: true,
    code: { source: true, esm: true },
    schemas: [schema],
    keywords: ['markdownDescription'],
  });
  return HEADER + (standaloneCode as unknown as typeof standaloneCode.default)(ajv, names);
}

/** The JSON Schema of flow or test files. */
export async function readSchema(kind: 'flow' | 'test'): Promise<Schema> {
  return JSON.parse(await readFile(new URL(`../../schemas/${kind}.v1.schema.json`, import.meta.url), 'utf8'));
}
