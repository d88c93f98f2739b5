import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../runtime/conductor');

/** A file of its own action: all of it, but for what tests import. */
const WAIT = 'wait.js';

/** The texts of the functions in `runtime/conductor`, by name: what a composition is made of. */
export async function conductorFunctions(): Promise<string> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.js')).toSorted();
  const lines = ['// Made by `npm run generate` of runtime/conductor; do not edit.'];
  for (const file of files) {
    const text = await readFile(join(FOLDER, file), 'utf8');
    if (file === WAIT) lines.push(constant('waitAction', text.replace(/^.*\n\n|\nmodule\.exports = .*\n$/g, '')));
    else for (const [name, code] of functionsOf(text)) lines.push(constant(name, code));
  }
  return `${lines.join('\n')}\n`;
}

/** Every function at the margin, to the brace that ends it, without the types of its parts. */
function functionsOf(text: string): [name: string, code: string][] {
  const found = text.matchAll(/^(?:async )?function (\w+)\([\s\S]*?\n\}$/gm);
  return [...found].map(([code, name = '']) => [name, code.replace(/^ *\/\*\* .* \*\/\n/gm, '')]);
}

function constant(name: string, text: string): string {
  return `export const ${name} = ${JSON.stringify(text)};`;
}
