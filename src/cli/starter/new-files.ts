import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../base/errors.ts';

/**
 * Writes new files; if one of them exists, none is written.
 *
 * @param files path in the folder → text
 * @returns their paths, including the folder
 * @throws UserError `file-exists`, `cannot-write`
 */
export async function writeNewFiles(dir: string, files: ReadonlyMap<string, string>): Promise<string[]> {
  const paths = [...files.keys()].map((path) => join(dir, path));
  const there = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  const existing = there.flat();
  if (existing.length > 0) {
    const what = existing.length === 1 ? 'already exists and was not changed' : 'already exist and were not changed';
    throw new UserError('file-exists', `${existing.join(', ')} ${what}`, 'choose another folder');
  }
  try {
    for (const [path, text] of files) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text, { flag: 'wx' });
    }
  } catch (error) {
    const { message } = error as Error;
    throw new UserError('cannot-write', `${dir} cannot be written: ${message}`, 'choose another folder', {
      cause: error,
    });
  }
  return paths;
}
