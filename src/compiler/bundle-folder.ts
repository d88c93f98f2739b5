import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { writeFiles } from '../base/write-files.ts';
import type { Bundle } from '../contract/manifest.ts';
import { type ReadFormats, readFormat } from '../contract/read-format.ts';
import { hashAll, hashFiles, MANIFEST_FILE } from './make-bundle.ts';

/** Temporary folders are private, but bundles are not secret. */
const FOLDER_MODE = 0o755;

/**
 * Writes a bundle to a folder atomically, by renaming a temporary folder. An existing bundle is replaced.
 *
 * @throws UserError `not-a-bundle` if the folder contains something else
 */
export async function writeBundleFolder(bundle: Bundle, dir: string): Promise<void> {
  const target = resolve(dir);
  const old = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw refusal(dir, error);
  });
  if (old && old.length > 0 && !old.includes(MANIFEST_FILE)) {
    const hint = 'choose another folder with -o, or empty this one';
    throw new UserError(
      'not-a-bundle',
      `${dir} contains files that are not part of a bundle, so nothing was written`,
      hint,
    );
  }
  try {
    await mkdir(dirname(target), { recursive: true });
    const made = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    const replaced = `${made}.replaced`;
    try {
      await writeFiles(made, bundle.files);
      await chmod(made, FOLDER_MODE);
      if (old) await rename(target, replaced);
      await rename(made, target);
    } finally {
      for (const left of [made, replaced]) await rm(left, { recursive: true, force: true });
    }
  } catch (error) {
    throw refusal(dir, error as NodeJS.ErrnoException);
  }
}

/**
 * Reads a bundle, and checks that it is complete and unchanged.
 *
 * @throws UserError `not-a-bundle`, `bundle-version`, `broken-bundle`
 */
export async function readBundleFolder(dir: string): Promise<Bundle> {
  const again = 'compile the flow again';
  const text = await readFile(join(dir, MANIFEST_FILE), 'utf8').catch(() => {
    throw new UserError(
      'not-a-bundle',
      `${dir} is not a bundle: ${MANIFEST_FILE} is missing`,
      'create one with nuvopipe compile',
    );
  });
  const manifest = parsed('Manifest', text, dir);
  const files = new Map<string, Uint8Array>();
  for (const path of Object.keys(manifest.files).toSorted()) {
    files.set(
      path,
      await readFile(join(dir, path)).catch(() => {
        throw new UserError('broken-bundle', `${path} is missing from the bundle ${dir}`, again);
      }),
    );
  }
  const hashes = hashFiles(files);
  const changed = Object.keys(hashes).find((path) => hashes[path] !== manifest.files[path]);
  if (changed !== undefined)
    throw new UserError('broken-bundle', `${changed} in ${dir} was changed after it was compiled`, again);
  const planned = files.get('plan.json');
  if (!planned || hashAll(hashes) !== manifest.hash) {
    throw new UserError('broken-bundle', `${MANIFEST_FILE} in ${dir} was changed after it was compiled`, again);
  }
  const plan = parsed('Plan', Buffer.from(planned).toString('utf8'), dir);
  files.set(MANIFEST_FILE, Buffer.from(text));
  return { manifest, plan, files };
}

/** A file of a bundle: `plan.json` or its manifest. */
function parsed<F extends 'Manifest' | 'Plan'>(format: F, text: string, dir: string): ReadFormats[F] {
  const again = 'compile the flow again';
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new UserError('broken-bundle', `the bundle ${dir} is broken: ${(error as Error).message}`, again);
  }
  const read = readFormat(format, value);
  if ('value' in read) return read.value;
  if ('problem' in read) throw new UserError('broken-bundle', `the bundle ${dir} is broken: ${read.problem}`, again);
  const message = `${dir} is a bundle of version ${String(read.version)}, made by ${nameOfCompiler(value)}`;
  throw new UserError('bundle-version', message, again);
}

function nameOfCompiler(value: unknown): string {
  const { compiler } = value as { compiler?: unknown };
  return typeof compiler === 'string' ? `nuvopipe ${compiler}` : 'another version of nuvopipe';
}

function refusal(dir: string, error: NodeJS.ErrnoException): Error {
  if (error.code === undefined) return error;
  return new UserError('cannot-write', `${dir} cannot be written: ${error.message}`, 'choose another folder with -o', {
    cause: error,
  });
}
