import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { glob } from 'tinyglobby';

const root = join(import.meta.dirname, '..');

/**
 * Habits that docs/STYLE.md rules out, each with a plain alternative. Prose linters on npm and PyPI check Markdown, but neither
 * comments nor messages in TypeScript, or download a program when they are installed; so this test searches for the habits itself.
 */
const HABITS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b)/i, 'invalid, missing, is not'],
  [/\bwhoever\b/i, 'anyone who'],
  [/\bmeanwhile\b/i, 'in parallel, until then'],
  [/\b(?:tells|told)\b/i, 'reports, prints, says'],
  [/(?<!would |might )\b(?:has|have) to\b/i, 'must'],
  [/\b(?:goes|went) on\b/i, 'continues'],
  [/\breckon/i, 'compute, count'],
  [/\bput right\b/i, 'fix'],
  [/\b(?:driven on|entered again)\b/i, 're-entered, restarted'],
  [/\bmade steps?\b/i, 'synthetic step'],
  [/\bas it comes\b/i, 'by default'],
  [/\bsays nothing\b/i, 'is empty'],
  [/\bso long as\b/i, 'while, if'],
  [/\bfor nobody\b/i, 'unused'],
];

/** Comments, and strings with a space, of TypeScript. */
const PROSE =
  /\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$|'(?:[^'\\\n]|\\.)* (?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)* (?:[^`\\]|\\.)*`/gm;

/** Docstrings, comments, and strings with a space, of Python. */
const PYTHON_PROSE = /"""[\s\S]*?"""|(?:^|\s)# .*$|"(?=[\w{'])(?:[^"\\\n]|\\.)* (?:[^"\\\n]|\\.)*"/gm;

async function filesLike(patterns: string[]): Promise<string[]> {
  return (await glob(patterns, { cwd: root, ignore: ['**/*.generated.ts', 'docs/STYLE.md'] })).toSorted();
}

/** `path: … found words … (write …)` for each habit in the pieces of text. */
function habitsIn(path: string, pieces: readonly string[]): string[] {
  return pieces.flatMap((piece) => {
    const text = piece.replace(/\s+(?:\*|\/\/)?\s*/g, ' ');
    return HABITS.flatMap(([pattern, instead]) => {
      const at = text.search(pattern);
      return at < 0 ? [] : [`${path}: …${text.slice(Math.max(0, at - 30), at + 40)}… (write: ${instead})`];
    });
  });
}

describe('plain English', () => {
  it('finds the habits', () => {
    assert.equal(habitsIn('a.ts', ['"13" is no month', 'it tells whoever asks', 'must be a month']).length, 3);
  });

  it('is used in the docs, the messages and their hints', async () => {
    const found: string[] = [];
    const files = await filesLike(['*.md', 'docs/*.md', 'test/fixtures/invalid*/*.txt', 'schemas/*.json']);
    assert.ok(files.length > 140);
    for (const path of files) {
      if (path === 'CHANGELOG.md') continue;
      const text = await readFile(join(root, path), 'utf8');
      const pieces = path.endsWith('.json')
        ? [...text.matchAll(/"description": "(.*)"/g)].map(([, description = '']) => description)
        : path.endsWith('.txt')
          ? text.split('\n').filter((line) => /(?:error|warning)\[|^ {2}hint: /.test(line))
          : text.split('\n\n');
      found.push(...habitsIn(path, pieces));
    }
    assert.deepEqual(found, []);
  });

  it('is used in docstrings, comments and strings of the runtime', async () => {
    const found: string[] = [];
    const files = await filesLike(['runtime/{src,launchers,actions,flow_helpers}/**/*.py']);
    assert.ok(files.length > 100);
    for (const path of files) {
      const text = await readFile(join(root, path), 'utf8');
      found.push(...habitsIn(path, text.match(PYTHON_PROSE) ?? []));
    }
    assert.deepEqual(found, []);
  });

  it('is used in comments and strings of TypeScript', async () => {
    const found: string[] = [];
    const files = await filesLike(['src/**/*.ts', 'scripts/**/*.ts']);
    assert.ok(files.length > 200);
    for (const path of files) {
      const text = await readFile(join(root, path), 'utf8');
      found.push(...habitsIn(path, text.match(PROSE) ?? []));
    }
    assert.deepEqual(found, []);
  });
});
