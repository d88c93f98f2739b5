import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';
import { didYouMean } from '../base/suggest.ts';
import type { Diagnostics } from '../language/diagnostics/report.ts';
import type { Located } from '../language/model/flow.ts';

/** Excluded from globs and folders: files left by tools, and bundles. */
const IGNORED = ['**/__pycache__/**', '**/*.pyc', '**/node_modules/**', '**/.*/**', 'build/**'];

/** Files that the compiler places beside the code. */
export const TAKEN = ['flow.py', 'plan.json'];

/**
 * Reads the files listed under `code`.
 *
 * @param patterns files, folders and globs, relative to the flow's folder
 * @param folder of the flow
 * @returns path relative to the folder, with `/` → content; unreadable files have been reported
 */
export async function readCode(
  patterns: Located<string>[],
  folder: string,
  report: Diagnostics,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  if (patterns.length === 0) return files;
  const root = await realpath(folder);
  for (const { value, span } of patterns) {
    const pattern = value.replaceAll('\\', '/');
    if (isAbsolute(value) || isOutside(normalize(pattern))) {
      const hint = 'move the file into the folder of the flow';
      report.error('code-outside', span, `"${value}" is outside the flow's folder`, hint);
      continue;
    }
    const paths = await expand(pattern, root);
    if (paths.length === 0) {
      const kind = isGlob(pattern) ? 'no file matches' : 'there is no file';
      const neighbours = await readdir(join(root, dirname(pattern))).catch(() => []);
      const hint = didYouMean(basename(pattern), neighbours) ?? `code is searched in ${root}`;
      report.error('no-such-code', span, `${kind} "${value}"`, hint);
    }
    for (const path of paths) {
      const real = await realpath(join(root, path));
      if (isOutside(relative(root, real))) {
        report.error('code-outside', span, `"${path}" links to a file outside the flow's folder`, 'copy the file here');
      } else if (TAKEN.includes(path)) {
        report.error('code-name-taken', span, `"${path}" is the name of a generated file`, 'choose another name');
      } else {
        files.set(path, await readFile(real));
      }
    }
  }
  return files;
}

async function expand(pattern: string, root: string): Promise<string[]> {
  if (isGlob(pattern)) return glob(pattern, root);
  const stats = await stat(join(root, pattern)).catch(() => undefined);
  if (stats?.isDirectory()) return glob(`${normalize(pattern).replace(/\/$/, '')}/**`, root);
  return stats?.isFile() ? [normalize(pattern)] : [];
}

async function glob(pattern: string, root: string): Promise<string[]> {
  const tinyglobby = await import('tinyglobby');
  return (await tinyglobby.glob(pattern, { cwd: root, ignore: IGNORED, expandDirectories: false })).toSorted();
}

function isGlob(pattern: string): boolean {
  return /[*?[\]{}!()]/.test(pattern);
}

export function isOutside(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || path.startsWith('../') || isAbsolute(path);
}
