/**
 * Writes what is made from other files, so that a command does not make it at every start:
 *
 * - `src/syntax/validators.generated.ts`, `src/testing/validators.generated.ts`: the schemas, compiled by ajv;
 * - `src/compile/conductor-runtime.generated.ts`: composer's conductor, minified by terser;
 * - `docs/reference.md`, `docs/testing-reference.md`: every key of the language, and of test files.
 *
 * They are committed; a test says when they are stale.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import conductor from 'openwhisk-composer/conductor.js';
import { reference } from './reference.ts';

type Schema = Record<string, unknown> & { definitions: Record<string, Schema> };

const HEADER = '// @ts-nocheck\n// Made by `npm run generate`; do not edit.\n';

const root = new URL('../', import.meta.url);

/**
 * One validator for the flow's top level and one for each kind of element. None of them looks into the elements of a `steps`
 * list: the caller decides of which kind an element is, so that it is told about that kind only.
 */
export async function validators(): Promise<string> {
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

async function readSchema(kind: 'flow' | 'test'): Promise<Schema> {
  return JSON.parse(await readFile(new URL(`schemas/${kind}.v1.schema.json`, root), 'utf8'));
}

/** The page with every key of the language. */
export async function referencePage(): Promise<string> {
  return reference(await readSchema('flow'), {
    heading: 'The flow language, key by key',
    about: '[README](../README.md) tells the language by examples; `nuvopipe schema` prints its schema.',
    root: 'flow',
  });
}

/** The page with every key of test files. */
export async function testReferencePage(): Promise<string> {
  return reference(await readSchema('test'), {
    heading: 'Test files, key by key',
    about: '[Testing flows](testing.md) tells it by examples; `nuvopipe schema test` prints the schema.',
    root: 'test file',
  });
}

/** What follows the composition in a conductor action. */
export function conductorRuntime(): string {
  const { code } = conductor.generate({ name: '', composition: {}, ast: {}, version: '' }).action.exec;
  const marker = '// do not edit below this point';
  const runtime = code.slice(code.indexOf(marker) + marker.length).trim();
  return `${HEADER}export default ${JSON.stringify(runtime)};\n`;
}

if (process.argv[1] === import.meta.filename) {
  await writeFile(new URL('src/syntax/validators.generated.ts', root), await validators());
  await writeFile(new URL('src/testing/validators.generated.ts', root), await testValidators());
  await writeFile(new URL('src/compile/conductor-runtime.generated.ts', root), conductorRuntime());
  await mkdir(new URL('docs', root), { recursive: true });
  await writeFile(new URL('docs/reference.md', root), await referencePage());
  await writeFile(new URL('docs/testing-reference.md', root), await testReferencePage());
}
