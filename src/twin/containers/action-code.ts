/** Unpacked code of actions: one directory per distinct code, shared by all containers that run it. */

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import { unzipSync } from 'fflate';
import { sha256 } from '../../base/hash.ts';
import { writeFiles } from '../../base/write-files.ts';

/** The first bytes of a zip archive's first entry. */
const ZIP_MAGIC = Buffer.from([0x50, 0x4b, 0x03, 0x04]);

/** Not a limit of OpenWhisk: prevents a small archive from filling memory or disk. Ten times the maximum code size. */
const UNPACKED_MAX_BYTES = 480 * 1024 * 1024;
/** Not a limit of OpenWhisk: more entries than any archive of this size needs. */
const ENTRIES_MAX = 20_000;

export type Language = 'node' | 'python';

/** An action's code as deployed. */
export interface ActionCode {
  readonly language: Language;
  /** Source text, or base64 if `binary`. */
  readonly text: string;
  readonly binary: boolean;
}

/** The code cannot be unpacked; the message is that of the action image. */
export class CodeError extends Error {}

const ARCHIVE_PROBLEM = 'There was an error uncompressing the action Zip archive.';

export class CodeCache {
  readonly #root: string;
  readonly #unpacking = new Map<string, Promise<string>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The directory of the unpacked code. @throws {CodeError} */
  directory(code: ActionCode): Promise<string> {
    const key = keyOf(code);
    let ready = this.#unpacking.get(key);
    if (ready === undefined) {
      ready = this.#unpack(key, code);
      this.#unpacking.set(key, ready);
      ready.catch(() => this.#unpacking.delete(key));
    }
    return ready;
  }

  /** Removes code that no deployed action uses. Only safe before the first container starts. */
  async prune(used: Iterable<ActionCode>): Promise<void> {
    if (!existsSync(this.#root)) return;
    const keys = new Set<string>();
    for (const code of used) keys.add(keyOf(code));
    for (const name of await readdir(this.#root)) {
      if (!keys.has(name)) await rm(join(this.#root, name), { recursive: true, force: true });
    }
  }

  async #unpack(key: string, code: ActionCode): Promise<string> {
    const target = join(this.#root, key);
    if (existsSync(target)) return target;
    const work = join(this.#root, `.${key}.${randomUUID()}`);
    await mkdir(work, { recursive: true });
    try {
      await writeFiles(work, filesOf(code));
      await rename(work, target);
    } catch (error) {
      await rm(work, { recursive: true, force: true });
      if (!existsSync(target)) throw isNameProblem(error) ? new CodeError(ARCHIVE_PROBLEM) : error;
    }
    return target;
  }
}

function keyOf(code: ActionCode): string {
  return sha256(`${code.language}:${code.binary}:`, code.text).slice(0, 32);
}

/** For archives with invalid or conflicting entry names. */
function isNameProblem(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return ['ENAMETOOLONG', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ERR_INVALID_ARG_VALUE'].includes(code);
}

function filesOf(code: ActionCode): [name: string, content: Uint8Array | string][] {
  if (!code.binary) return code.language === 'python' ? [['__main__.py', code.text]] : [];
  const bytes = Buffer.from(code.text, 'base64');
  if (!bytes.subarray(0, ZIP_MAGIC.length).equals(ZIP_MAGIC)) {
    // Text that happens to be valid base64 is still Python source to the proxy.
    if (code.language === 'python') return [['__main__.py', bytes]];
    throw new CodeError('There was an error uncompressing the action archive. The file type is unsupported');
  }
  let entries: Record<string, Uint8Array>;
  try {
    checkSizes(bytes);
    entries = unzipSync(bytes);
  } catch {
    throw new CodeError(ARCHIVE_PROBLEM);
  }
  const files: [string, Uint8Array][] = [];
  for (const [name, content] of Object.entries(entries)) {
    const path = normalize(name);
    if (name.endsWith('/') || path.startsWith('..') || path.startsWith(sep)) continue;
    files.push([path, content]);
  }
  return files;
}

/** Uses the archive's index for the sizes of entries; anything beyond is cut off. */
function checkSizes(bytes: Uint8Array): void {
  let entries = 0;
  let unpackedBytes = 0;
  unzipSync(bytes, {
    filter: ({ originalSize }) => {
      entries += 1;
      unpackedBytes += originalSize;
      if (entries > ENTRIES_MAX || unpackedBytes > UNPACKED_MAX_BYTES) throw new RangeError();
      return false;
    },
  });
}
