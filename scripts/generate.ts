/**
 * Writes what is made from other files, so that a command does not make it at every start:
 *
 * - `src/syntax/validators.generated.ts`: the schema, compiled by ajv;
 * - `src/compile/conductor-runtime.generated.ts`: composer's conductor, minified by terser;
 * - `docs/reference.md`: every key of the language.
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
  const schema = JSON.parse(await readFile(new URL('schemas/flow.v1.schema.json', root), 'utf8')) as Schema;
  const id = schema.$id as string;
  schema.definitions.element = {} as Schema;
  schema.definitions.join = {} as Schema;
  const ajv = new Ajv({
    allErrors: true,
    allowUnionTypes: true,
    verbose: true,
    code: { source: true, esm: true },
    schemas: [schema],
    keywords: ['markdownDescription'],
  });
  const kinds = ['step', 'foreach', 'branches', 'switch', 'while', 'until', 'joinStep'];
  // Some of them are reserved words of JavaScript.
  const parts = kinds.map((kind) => [`${kind}Part`, `${id}#/definitions/${kind}`]);
  const names = Object.fromEntries([['flowPart', id], ...parts]);
  return HEADER + (standaloneCode as unknown as typeof standaloneCode.default)(ajv, names);
}

/** The page with every key of the language. */
export async function referencePage(): Promise<string> {
  return reference(JSON.parse(await readFile(new URL('schemas/flow.v1.schema.json', root), 'utf8')));
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
  await writeFile(new URL('src/compile/conductor-runtime.generated.ts', root), conductorRuntime());
  await mkdir(new URL('docs', root), { recursive: true });
  await writeFile(new URL('docs/reference.md', root), await referencePage());
}
