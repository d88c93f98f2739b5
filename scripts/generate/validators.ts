import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { FORMATS, type Schema as FormatSchema, readFormat } from './formats.ts';

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

/** What TypeScript reads: bundles, and the records of runs. */
const READ = [
  ...['Plan', 'Manifest', 'RunRecord', 'TaskRecord', 'RunResult', 'RunFailure', 'LiveRecord', 'ClaimRecord'],
  ...['PoolRecord', 'ChildRecord', 'WaitingRecord', 'CacheEntry'],
];

/**
 * The validators of what is read. They accept keys that they do not know: an optional key does not make a new version of a
 * format.
 */
export async function formatValidators(): Promise<string> {
  const schemas = await Promise.all(FORMATS.map(readFormat));
  const ids = new Map(
    schemas.flatMap(({ $id, title, definitions = {} }): [string, string][] => [
      [title as string, $id],
      ...Object.keys(definitions).map((name): [string, string] => [name, `${$id}#/definitions/${name}`]),
    ]),
  );
  const ajv = new Ajv({
    allowUnionTypes: true,
    strictTuples: false,
    inlineRefs: false,
    code: { source: true, esm: true },
    schemas: schemas.map(tolerant),
    keywords: ['tsType'],
  });
  const names = Object.fromEntries(READ.map((name) => [name, ids.get(name) as string]));
  return HEADER + (standaloneCode as unknown as typeof standaloneCode.default)(ajv, names);
}

/** The same schema for objects with more keys, without its comments. */
function tolerant(schema: FormatSchema): FormatSchema {
  const { title: _, ...bare } = JSON.parse(JSON.stringify(schema), (key, value) =>
    (key === 'additionalProperties' && value === false) || (key === 'description' && typeof value === 'string')
      ? undefined
      : value,
  );
  return bare;
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
