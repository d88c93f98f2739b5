import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { UserError } from '../../base/errors.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { SourceFile } from '../diagnostics/source-file.ts';

/** A flow of 10,000 steps has about 1 MB; much larger files are not flows. */
export const FLOW_FILE_MAX_BYTES = 4 * 1024 * 1024;

export interface ReadResult {
  source: SourceFile;
  /** Why the file is not text; `source` is then empty. */
  diagnostics: Diagnostic[];
}

/**
 * Reads a flow file.
 *
 * @throws UserError `no-such-flow`, `not-a-file`, `unreadable-flow`
 */
export async function readSource(path: string): Promise<ReadResult> {
  let bytes: Buffer;
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new UserError('not-a-file', `${path} is not a file`, 'name the flow file itself');
    if (stats.size > FLOW_FILE_MAX_BYTES) {
      const size = `${(stats.size / 1024 / 1024).toFixed(1)} MB`;
      const message = `the file has ${size}; the limit for flow files is ${FLOW_FILE_MAX_BYTES / 1024 / 1024} MB`;
      return refused(path, 'file-too-large', message, 'move data to separate files and read them in a step', 1, 1);
    }
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UserError('no-such-flow', `there is no file ${path}`);
    throw new UserError('unreadable-flow', `${path} cannot be read: ${message}`, undefined, { cause: error });
  }
  if (!isUtf8(bytes)) {
    const { line, column } = firstInvalidByte(bytes);
    return refused(path, 'not-utf8', 'invalid UTF-8 at this byte', 'save it as UTF-8', line, column);
  }
  const text = bytes.toString('utf8');
  return { source: new SourceFile(path, text.startsWith('\ufeff') ? text.slice(1) : text), diagnostics: [] };
}

function refused(path: string, code: string, message: string, hint: string, line: number, column: number): ReadResult {
  const range = { start: { line, column }, end: { line, column: column + 1 } };
  return {
    source: new SourceFile(path, ''),
    diagnostics: [{ code, severity: 'error', message, hint, file: path, range }],
  };
}

function firstInvalidByte(bytes: Buffer): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1 && isUtf8(bytes.subarray(start, end)); end = bytes.indexOf(10, start)) {
    start = end + 1;
    line++;
  }
  const rest = bytes.subarray(start);
  let length = 0;
  while (length < rest.length && isUtf8(rest.subarray(0, length + utf8Length(rest[length] as number)))) {
    length += utf8Length(rest[length] as number);
  }
  return { line, column: rest.subarray(0, length).toString('utf8').length + 1 };
}

function utf8Length(firstByte: number): number {
  return firstByte < 0x80 ? 1 : firstByte < 0xe0 ? 2 : firstByte < 0xf0 ? 3 : 4;
}
