import { readFile } from 'node:fs/promises';
import { docComment, docstring, listInPython, listInTypeScript, numberLiteral, quoted } from './text.ts';

/** A constant that both languages have under the same name. It has one of `value`, `set` and `pattern`. */
export interface Constant {
  /** The order of a list counts. */
  value?: string | number | readonly string[];
  set?: readonly string[];
  /** A regular expression for whole texts, of what JavaScript and Python have in common. */
  pattern?: string;
  doc: string;
  /** Where a value comes from that is not nuvopipe's own. */
  source?: string;
}

export type Constants = Readonly<Record<string, Constant>>;

export const NOTICE = 'Made by `npm run generate`; do not edit.';

/** @param file below `schemas` */
export async function readContract<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(new URL(`../../schemas/${file}`, import.meta.url), 'utf8'));
}

/** A module of TypeScript with the constants of a file below `schemas`. */
export async function constantsInTypeScript(file: string, title: string): Promise<string> {
  const constants = await readContract<Constants>(file);
  const head = `// ${NOTICE}\n${docComment(`${title} From \`schemas/${file}\`.`)}`;
  return `${[head, ...declareInTypeScript(constants)].join('\n\n')}\n`;
}

/** The same of Python. */
export async function constantsInPython(file: string, title: string): Promise<string> {
  const constants = await readContract<Constants>(file);
  const hasPattern = Object.values(constants).some(({ pattern }) => pattern !== undefined);
  const imports = [...(hasPattern ? ['import re'] : []), 'from typing import Final'].join('\n');
  const head = `# ${NOTICE}\n${docstring(`${title} From \`schemas/${file}\`.`)}`;
  return `${[head, imports, ...declareInPython(constants)].join('\n\n')}\n`;
}

export function declareInTypeScript(constants: Constants): string[] {
  return Object.entries(constants).map(
    ([name, constant]) => `${docComment(docOf(constant))}\n${inTypeScript(name, constant)}`,
  );
}

export function declareInPython(constants: Constants): string[] {
  return Object.entries(constants).map(
    ([name, constant]) => `${inPython(name, constant)}\n${docstring(docOf(constant))}`,
  );
}

function docOf({ doc, source }: Constant): string {
  return source === undefined ? doc : `${doc} Source: ${source}.`;
}

function inTypeScript(name: string, { value, set, pattern }: Constant): string {
  const declared = `export const ${name}`;
  if (pattern !== undefined) return `${declared} = /^${pattern}$/;`;
  if (set !== undefined)
    return listInTypeScript(`${declared}: ReadonlySet<string> = new Set([`, set.map(quoted), ']);');
  if (typeof value === 'object') return listInTypeScript(`${declared} = [`, value.map(quoted), '] as const;');
  return `${declared} = ${typeof value === 'number' ? numberLiteral(value) : quoted(value ?? '')};`;
}

function inPython(name: string, { value, set, pattern }: Constant): string {
  const declared = `${name}: Final`;
  const texts = (list: readonly string[]) => list.map((text) => JSON.stringify(text));
  if (pattern !== undefined) return `${declared} = re.compile(r"${pattern}")`;
  if (set !== undefined) return listInPython(`${declared} = frozenset([`, texts(set), '])');
  if (typeof value === 'object') return listInPython(`${declared} = (`, texts(value), ')');
  return `${declared} = ${typeof value === 'number' ? numberLiteral(value) : JSON.stringify(value)}`;
}
