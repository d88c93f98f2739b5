import { readFile } from 'node:fs/promises';

/** The part of JSON Schema in which the formats are written; {@link formats} refuses anything else. */
export interface Schema {
  $ref?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  const?: unknown;
  enum?: string[];
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema | Schema[];
  additionalItems?: Schema;
  minItems?: number;
  maxItems?: number;
  anyOf?: Schema[];
  definitions?: Record<string, Schema>;
  /** The type in TypeScript, where JSON Schema says less. */
  tsType?: string;
}

export const FORMATS = ['plan', 'manifest', 'envelope', 'records'] as const;

export async function readFormat(format: (typeof FORMATS)[number]): Promise<Schema & { $id: string }> {
  return JSON.parse(await readFile(new URL(`../../schemas/${format}.v1.schema.json`, import.meta.url), 'utf8'));
}

/** All named types of the formats: each schema that is an object itself, then its definitions. */
export async function formats(): Promise<Map<string, Schema>> {
  const named = new Map<string, Schema>();
  for (const format of FORMATS) {
    const { definitions = {}, ...root } = await readFormat(format);
    const found = { ...(root.type === 'object' && { [root.title as string]: root }), ...definitions };
    for (const [name, schema] of Object.entries(found)) {
      if (named.has(name)) throw new Error(`two formats define ${name}`);
      named.set(name, schema);
    }
  }
  return named;
}

/** The type that a `$ref` names: of this schema, of another one, or another one as a whole. */
export function refName(ref: string): string {
  const [urn = '', definition] = ref.split('#/definitions/');
  if (definition !== undefined) return definition;
  const format = urn.split(':').at(-2) as string;
  return format.charAt(0).toUpperCase() + format.slice(1);
}

export function isRequired(schema: Schema, key: string): boolean {
  return schema.required?.includes(key) ?? false;
}
