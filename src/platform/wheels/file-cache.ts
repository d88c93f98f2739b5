import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomically } from '../../base/atomic-file.ts';

/** The bytes of a file named after its contents; created atomically on first use. */
export async function cached(file: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const bytes = await make();
  await mkdir(dirname(file), { recursive: true });
  writeFileAtomically(file, bytes, 0o644);
  return bytes;
}
