import { formats, isRequired, refName, type Schema } from './formats.ts';
import { docstring } from './text.ts';

const HEADER = `# Made by \`npm run generate\` from schemas/{plan,manifest,envelope,records}.v1.schema.json; do not edit.
"""The formats that nuvopipe's parts share, as types. Only type checkers import it: no container spends its start on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union, final

if TYPE_CHECKING:
    from typing import NotRequired
`;

/** Python cannot have these as attribute names, and a class body not as its own. */
const KEYWORDS: ReadonlySet<string> = new Set(['from']);

/** The formats as Python's TypedDicts, and aliases for other types. */
export async function pythonTypes(): Promise<string> {
  const writer = new PythonWriter();
  for (const [name, schema] of await formats()) writer.add(name, schema);
  return [HEADER, ...writer.classes, writer.aliases.join('\n')].join('\n\n');
}

class PythonWriter {
  readonly classes: string[] = [];
  /** After all classes, since Python evaluates them. */
  readonly aliases: string[] = [];

  add(name: string, schema: Schema): void {
    if (schema.properties) {
      this.#addDict(name, schema);
      return;
    }
    const type = this.#typeOf(schema, name);
    this.aliases.push(`${name} = ${type.includes(' | ') ? union(type) : type}\n${about(schema.description, '')}`);
  }

  #addDict(name: string, schema: Schema): void {
    const members = Object.entries(schema.properties ?? {}).map(([key, value]) => {
      const type = this.#typeOf(value, name + capitalized(key));
      return { key, type: isRequired(schema, key) ? type : `NotRequired[${type}]`, description: value.description };
    });
    if (members.some(({ key }) => KEYWORDS.has(key))) {
      const lines = members.map(
        ({ key, type, description }) => `${comments(description, '        ')}        "${key}": "${type}",\n`,
      );
      const call = `${name} = TypedDict(\n    "${name}",\n    {\n${lines.join('')}    },\n)\n`;
      this.classes.push(call + about(schema.description, ''));
      return;
    }
    const lines = members.map(({ key, type, description }) => `    ${key}: ${type}\n${about(description, '    ')}`);
    const summary = schema.description === undefined ? '' : `${about(schema.description, '    ')}\n`;
    // Final: a key distinguishes the members of a union.
    this.classes.push(`@final\nclass ${name}(TypedDict):\n${summary}${lines.join('')}`);
  }

  /** @param place what a nested object without a name of its own is called */
  #typeOf(schema: Schema, place: string): string {
    if (schema.$ref !== undefined) return refName(schema.$ref);
    if (schema.anyOf) {
      return schema.anyOf.map((one) => this.#typeOf(one, place + capitalized(one.required?.[0] ?? ''))).join(' | ');
    }
    if (schema.enum) return `Literal[${schema.enum.map((value) => JSON.stringify(value)).join(', ')}]`;
    if (schema.const !== undefined) return `Literal[${literal(schema.const)}]`;
    if (schema.properties) {
      this.#addDict(place, schema);
      return place;
    }
    if (Array.isArray(schema.type))
      return schema.type.map((type) => this.#typeOf({ ...schema, type }, place)).join(' | ');
    switch (schema.type) {
      case 'string':
        return 'str';
      case 'boolean':
        return 'bool';
      case 'integer':
        return 'int';
      case 'number':
        return 'float';
      case 'array':
        // A tuple of JSON is a list in Python, whose elements differ.
        return `list[${schema.items && !Array.isArray(schema.items) ? this.#typeOf(schema.items, place) : 'Any'}]`;
      case 'object': {
        const values = schema.additionalProperties;
        return `dict[str, ${typeof values === 'object' ? this.#typeOf(values, place) : 'Any'}]`;
      }
      case undefined:
        return 'Any';
      default:
        throw new Error(`formats have no type ${schema.type}`);
    }
  }
}

/** The members of a union may be defined later. */
function union(type: string): string {
  return `Union[${type
    .split(' | ')
    .map((one) => `"${one}"`)
    .join(', ')}]`;
}

function literal(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return JSON.stringify(value);
}

function capitalized(key: string): string {
  return key.charAt(0).toUpperCase() + key.slice(1);
}

function about(description: string | undefined, indent: string): string {
  return description === undefined ? '' : `${docstring(description, indent)}\n`;
}

function comments(description: string | undefined, indent: string): string {
  const text = about(description, indent).replaceAll('"""', '');
  return text.replace(/^( *)(?=\S)/gm, '$1# ');
}
