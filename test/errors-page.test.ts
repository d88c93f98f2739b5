import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { glob } from 'tinyglobby';

const root = join(import.meta.dirname, '..');

/** Where the source gives an error its code. */
const CODES = [
  /\b(?:UserError|SystemError|Kind|super|refuse)\(\s*'([a-z0-9-]+)'/g,
  /\.(?:error|warning|warnOnce)\(\s*'([a-z0-9-]+)'/g,
  /\bcode: '([a-z0-9]+(?:-[a-z0-9]+)+)'/g,
  /\bcode = '([a-z0-9-]+)'/g,
];

/** A code of another kind: why a cached step was executed. */
const OTHERS = ['failed-before'];

async function codesInSource(): Promise<Set<string>> {
  const codes = new Set<string>();
  for (const path of await glob('src/**/*.ts', { cwd: root, ignore: '**/*.generated.ts' })) {
    const text = await readFile(join(root, path), 'utf8');
    for (const pattern of CODES) for (const [, code = ''] of text.matchAll(pattern)) codes.add(code);
  }
  return codes;
}

describe('docs/errors.md', () => {
  let page: string;
  before(async () => {
    page = await readFile(join(root, 'docs/errors.md'), 'utf8');
  });

  it('has an entry for every error code in the source', async () => {
    const documented = new Set([...page.matchAll(/^(?:### |\| `)([a-z0-9-]+)/gm)].map(([, code = '']) => code));
    const codes = await codesInSource();
    assert.ok(codes.size > 180, `${codes.size} codes`);
    const missing = [...codes].filter((code) => !documented.has(code) && !OTHERS.includes(code));
    assert.deepEqual(missing, [], 'add a wrong flow to test/fixtures/invalid and a note to scripts/generate');
  });

  it('shows an example, the output and the meaning of every diagnostic', () => {
    const entries = page.split(/^### /m).slice(1);
    assert.ok(entries.length > 120);
    for (const entry of entries)
      assert.match(entry, /^([a-z0-9-]+)\n\n.{20,}\n\n```text\n[^`]*?```\n\n```text\n\S+ (?:error|warning)\[\1\]/);
  });
});
