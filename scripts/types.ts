/**
 * Keeps of the declarations in `dist/types` those that `index.d.ts` reaches: tsc also writes those of modules that the API
 * loads when it is called. Names them in imports as they are named in a package: `.js`, not `.ts`.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { glob } from 'tinyglobby';

const types = fileURLToPath(new URL('../dist/types/', import.meta.url));

/** Of an import, an export from, or an import type: `'../base/errors.ts'`. */
const SPECIFIER = /(\bfrom |\bimport\()(["'])(\.{1,2}\/[^"']+)\.[jt]s\2/g;

const reached = new Set<string>();
const open = ['index.d.ts'];
for (let file = open.pop(); file !== undefined; file = open.pop()) {
  if (reached.has(file)) continue;
  reached.add(file);
  const text = await readFile(join(types, file), 'utf8');
  for (const [, , , specifier] of text.matchAll(SPECIFIER))
    open.push(`${normalize(join(dirname(file), specifier as string))}.d.ts`);
  await writeFile(join(types, file), text.replace(SPECIFIER, '$1$2$3.js$2'));
}

const written = await glob('**/*.d.ts', { cwd: types });
await Promise.all(written.filter((file) => !reached.has(file)).map((file) => rm(join(types, file))));
