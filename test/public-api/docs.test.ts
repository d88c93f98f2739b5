import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as api from '../../src/index.ts';

const root = join(import.meta.dirname, '../..');

/** Doc comments of exported functions, by name, in the declarations that the build wrote. */
async function docsOf(file: string): Promise<Map<string, string>> {
  const text = await readFile(join(root, 'dist/types/public-api', file), 'utf8');
  const documented = /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)?\s*export declare (?:async )?function\*? (\w+)/g;
  return new Map([...text.matchAll(documented)].map(([, comment = '', name = '']) => [name, comment]));
}

function functionsIn(namespace: object): string[] {
  return Object.entries(namespace).flatMap(([name, value]) =>
    typeof value === 'function' && !/^[A-Z]/.test(name) ? [name] : [],
  );
}

describe('the documentation of the API', () => {
  it('gives every function a doc comment with an example', async () => {
    const files = ['deploy', 'flow-tests', 'flows', 'local', 'metadata-service', 'runs', 'start-local', 'targets'];
    const docs = new Map((await Promise.all(files.map((file) => docsOf(`${file}.d.ts`)))).flatMap((map) => [...map]));
    const names = [api, api.local, api.runs].flatMap(functionsIn);
    assert.ok(names.length > 30);
    assert.deepEqual(
      names.filter((name) => !docs.get(name)?.includes('@example')),
      [],
    );
  });

  it('lists every function in docs/api.md', async () => {
    const page = await readFile(join(root, 'docs/api.md'), 'utf8');
    const names = [
      ...functionsIn(api),
      ...functionsIn(api.local).map((name) => `local.${name}`),
      ...functionsIn(api.runs).map((name) => `runs.${name}`),
    ];
    assert.deepEqual(
      names.filter((name) => !page.includes(`\`${name}(`) && name !== 'findPython'),
      [],
    );
  });
});
