import { open } from 'node:fs/promises';

/**
 * Reads a text of a user's. UTF-8 is the only encoding; a byte order mark is left out.
 *
 * @returns why not, to be read after a colon, and what to do about it
 */
export async function readTextFile(
  path: string,
  maxBytes: number,
): Promise<{ text: string } | { problem: string; hint: string }> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => error);
  if (file instanceof Error) {
    const why = WHY[file.code ?? ''] ?? `the file "${path}" cannot be opened (${file.code})`;
    return { problem: why.replace('FILE', () => `"${path}"`), hint: 'check its path' };
  }
  try {
    if ((await file.stat()).isDirectory()) return { problem: `"${path}" is a folder`, hint: 'name a file in it' };
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= maxBytes; length += read) {
      read = (await file.read(buffer, length, buffer.length - length)).bytesRead;
    }
    if (length > maxBytes) {
      return {
        problem: `the file "${path}" is longer than the ${Math.floor(maxBytes / 1024)} kB that an invocation takes`,
        hint: 'put the data into object storage, and give its address',
      };
    }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length)) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { problem: `the file "${path}" is no UTF-8 text`, hint: 'save it as UTF-8' };
  } finally {
    await file.close();
  }
}

const WHY: Record<string, string> = {
  ENOENT: 'there is no file FILE',
  EACCES: 'the file FILE may not be read',
  EISDIR: 'FILE is a folder',
};
