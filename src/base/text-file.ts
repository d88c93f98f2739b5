import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';

/** `iconv` is available on every Unix. */
export const NOT_UTF8_HINT = 'save it as UTF-8, for example: iconv -f latin1 -t utf-8 OLD > NEW';

/**
 * Decodes a user's text file, which must be UTF-8; a byte order mark is removed.
 *
 * @returns the problem, phrased to follow a colon, and a hint
 */
export async function readTextFile(
  path: string,
  maxBytes: number,
): Promise<{ text: string } | { problem: string; hint: string }> {
  const file = await readBytes(path, maxBytes);
  if ('problem' in file) return file;
  if (isUtf8(file.bytes)) return { text: new TextDecoder().decode(file.bytes) };
  return { problem: `the file "${path}" is not UTF-8 text`, hint: NOT_UTF8_HINT };
}

/** Reads a user's file as bytes. */
export async function readBytes(
  path: string,
  maxBytes: number,
): Promise<{ bytes: Buffer } | { problem: string; hint: string }> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => error);
  if (file instanceof Error) {
    const why = WHY[file.code ?? ''] ?? `the file "${path}" cannot be opened (${file.code})`;
    return { problem: why.replace('FILE', () => `"${path}"`), hint: 'check its path' };
  }
  try {
    if ((await file.stat()).isDirectory())
      return { problem: `"${path}" is a folder`, hint: 'choose a file in that folder' };
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= maxBytes; length += read) {
      read = (await file.read(buffer, length, buffer.length - length)).bytesRead;
    }
    if (length > maxBytes) {
      return {
        problem: `the file "${path}" exceeds the ${Math.floor(maxBytes / 1024)} kB that an invocation can carry`,
        hint: 'put the data into object storage and pass its address',
      };
    }
    return { bytes: buffer.subarray(0, length) };
  } finally {
    await file.close();
  }
}

const WHY: Record<string, string> = {
  ENOENT: 'there is no file FILE',
  EACCES: 'no permission to read the file FILE',
  EISDIR: 'FILE is a folder',
};
