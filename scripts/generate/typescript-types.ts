import { formats, isRequired, refName, type Schema } from './formats.ts';
import { docComment, quoted } from './text.ts';

const HEADER =
  '// Made by `npm run generate` from schemas/{plan,manifest,envelope,records}.v1.schema.json; do not edit.\n';
const IMPORTS = "import type { ExactNumber } from '../base/json.ts';\n";

/** The formats as TypeScript types. */
export async function typescriptTypes(): Promise<string> {
  const types = [...(await formats())]
    .filter(([name, { tsType }]) => tsType !== name)
    .map(([name, schema]) => {
      const comment = comments(schema.description, '');
      if (schema.properties) return `${comment}export interface ${name} ${members(schema, '')}\n`;
      return `${comment}export type ${name} =${spaced(typeOf(schema, ''))};\n`;
    });
  return [HEADER + IMPORTS, ...types].join('\n');
}

function members(schema: Schema, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(schema.properties ?? {}).map(([key, value]) => {
    const mark = isRequired(schema, key) ? '' : '?';
    return `${comments(value.description, inner)}${inner}${key}${mark}: ${typeOf(value, inner)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}

function typeOf(schema: Schema, indent: string): string {
  if (schema.tsType !== undefined) return schema.tsType;
  if (schema.$ref !== undefined) return refName(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map((one) => `\n${indent}  | ${typeOf(one, `${indent}  `)}`).join('');
  if (schema.enum) return schema.enum.map(quoted).join(' | ');
  if (schema.const !== undefined) return typeof schema.const === 'string' ? quoted(schema.const) : `${schema.const}`;
  if (schema.properties) return isShort(schema) ? shortMembers(schema, indent) : members(schema, indent);
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return arrayOf(schema.items as Schema | undefined, indent);
    case 'object':
      return `Record<string, ${typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties, indent) : 'unknown'}>`;
    case undefined:
      return 'unknown';
    default:
      throw new Error(`formats have no type ${schema.type}`);
  }
}

function arrayOf(items: Schema | undefined, indent: string): string {
  const item = items ? typeOf(items, indent) : 'unknown';
  return /^[\w.]+$/.test(item) ? `${item}[]` : `(${item})[]`;
}

/** On one line: members without comments, and few of them. */
function isShort({ properties = {} }: Schema): boolean {
  const all = Object.values(properties);
  return all.length <= 3 && all.every(({ description, properties: nested }) => description === undefined && !nested);
}

function shortMembers(schema: Schema, indent: string): string {
  const all = Object.entries(schema.properties ?? {}).map(
    ([key, value]) => `${key}${isRequired(schema, key) ? '' : '?'}: ${typeOf(value, indent)}`,
  );
  return `{ ${all.join('; ')} }`;
}

/** A union begins on its own line. */
function spaced(type: string): string {
  return type.startsWith('\n') ? type : ` ${type}`;
}

function comments(description: string | undefined, indent: string): string {
  return description === undefined ? '' : `${docComment(description, indent)}\n`;
}
