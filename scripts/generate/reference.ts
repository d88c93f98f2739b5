import { stringify } from 'yaml';

/** As much of JSON Schema as the flow's schema uses. */
export interface Schema {
  $id?: string;
  $ref?: string;
  title?: string;
  description?: string;
  markdownDescription?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  minimum?: number;
  minItems?: number;
  minProperties?: number;
  required?: string[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  /** By the start of a key: `^x-`. */
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  definitions?: Record<string, Schema>;
}

interface Section {
  title: string;
  schema: Schema;
}

export interface Page {
  heading: string;
  /** Where else to read, in a sentence. */
  about: string;
  /** What the schema's top level is called. */
  root: string;
}

/** A page with every key that a schema has. */
export function reference(schema: Schema, { heading, about, root }: Page): string {
  const definitions = schema.definitions ?? {};
  const named = Object.entries(definitions)
    .filter(([, definition]) => definition.properties !== undefined)
    .map(([name, definition]) => ({ title: name, schema: definition }));
  const nested = Object.entries(schema.properties ?? {})
    .filter(([, property]) => property.properties !== undefined)
    .map(([name, property]) => ({ title: name, schema: property }));
  const sections: Section[] = [{ title: root, schema }, ...named, ...nested];
  const contents = sections.map(
    ({ title, schema: { properties = {} } }) =>
      `- [${title}](#${anchor(title)}): ${Object.keys(properties)
        .map((key) => `[\`${key}\`](#${anchor(title, key)})`)
        .join(', ')}`,
  );
  return [
    '<!-- Made from the schema by `npm run generate`; do not edit. -->',
    `# ${heading}`,
    `Version 1 (\`${schema.$id}\`). ${about}`,
    contents.join('\n'),
    ...sections.flatMap((section) => writeSection(section, definitions)),
  ]
    .join('\n\n')
    .concat('\n');
}

function writeSection({ title, schema }: Section, definitions: Record<string, Schema>): string[] {
  return [
    `## ${title}`,
    text(schema),
    ...[...Object.entries(schema.properties ?? {}), ...starting(schema)].flatMap(([key, property]) =>
      writeKey({ title, schema }, key, property, definitions),
    ),
  ];
}

/** Keys of which only the start is fixed: `x-…`. */
function starting({ patternProperties = {} }: Schema): [string, Schema][] {
  return Object.entries(patternProperties).map(([pattern, property]) => [`${pattern.replace(/^\^/, '')}…`, property]);
}

function writeKey(section: Section, key: string, property: Schema, definitions: Record<string, Schema>): string[] {
  const target = definitions[property.$ref?.split('/').at(-1) ?? ''];
  const resolved = { ...target, ...property };
  const examples = (resolved.examples ?? []).map((example) => stringify({ [key]: example }).trimEnd());
  const type = property.properties === undefined ? typeOf(property, definitions) : link(key);
  return [
    `### ${section.title}: \`${key}\``,
    [type, ...demands(section.schema, key, resolved)].join(' · '),
    text(resolved),
    ...(examples.length === 0 ? [] : [`\`\`\`yaml\n${examples.join('\n# or\n')}\n\`\`\``]),
  ];
}

function demands({ required = [], oneOf = [] }: Schema, key: string, property: Schema): string[] {
  const alternatives = oneOf.flatMap(({ required: alternative = [] }) => alternative);
  const others = alternatives.includes(key) ? alternatives.filter((other) => other !== key) : [];
  return [
    ...(required.includes(key) ? ['required'] : []),
    ...(others.length > 0 ? [`required, unless there is ${others.map((other) => `\`${other}\``).join(' or ')}`] : []),
    ...(property.default === undefined ? [] : [`default \`${JSON.stringify(property.default)}\``]),
  ];
}

/** `string`, `list of strings`, `mapping of names to parameter`, with links to what has a section of its own. */
function typeOf(schema: Schema, definitions: Record<string, Schema>): string {
  const name = schema.$ref?.split('/').at(-1) ?? '';
  const target = definitions[name];
  if (target?.properties !== undefined) return link(name);
  if (target !== undefined) return typeOf(target, definitions);
  if (schema.anyOf) return schema.anyOf.map((option) => typeOf(option, definitions)).join(', ');
  if (schema.const !== undefined) return `only \`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return `one of ${schema.enum.map((value) => `\`${value}\``).join(', ')}`;
  if (schema.type === 'array') return `list of ${plural(typeOf(schema.items ?? {}, definitions))}`;
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object') {
    const least = schema.minProperties === undefined ? '' : `, ${schema.minProperties} or more`;
    return `mapping of names to ${typeOf(schema.additionalProperties, definitions)}${least}`;
  }
  if (schema.type === undefined) return 'any value';
  const type = schema.type === 'object' ? 'mapping' : [schema.type].flat().join(' or ');
  return schema.minimum === undefined ? type : `${type}, ${schema.minimum} or more`;
}

function plural(type: string): string {
  return type.startsWith('[') ? type : `${type}s`;
}

function link(title: string): string {
  return `[${title}](#${anchor(title)})`;
}

function text({ markdownDescription, description = '' }: Schema): string {
  return markdownDescription ?? description;
}

/** As GitHub makes it of a heading: letters, digits and dashes. */
function anchor(title: string, key?: string): string {
  return `${title}${key === undefined ? '' : `-${key}`}`.replaceAll(' ', '-');
}
