import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { SystemError, UserError } from '../errors.ts';
import { pipInstall } from '../pip.ts';
import type { Report } from '../terminal/report.ts';

/** Wheels for OpenWhisk's Python images, wherever they are fetched: Linux, glibc, x86-64, CPython 3.11. */
const CLUSTER_FLAGS = [
  ...['--implementation', 'cp', '--python-version', '3.11'],
  ...['cp311', 'abi3', 'none'].flatMap((abi) => ['--abi', abi]),
  ...['manylinux2014_x86_64', 'manylinux_2_28_x86_64'].flatMap((platform) => ['--platform', platform]),
];

/** Whose interpreter will import the wheels: that of OpenWhisk's images, or the one that runs pip. */
export type WheelTarget = 'cluster' | 'native';

export interface WheelOptions {
  python: string;
  target: WheelTarget;
  /** Arguments of `pip install`: requirements, `-r`, `-c`, `--no-deps`. */
  arguments: readonly string[];
  /** Files that are not wanted. */
  trimmed: readonly TrimRule[];
  /** For progress and errors: `the runtime's packages`. */
  what: string;
  report: Report;
}

export interface TrimRule {
  /** Of the path below the folder of the packages. */
  path: RegExp;
  why: string;
}

/** Installs wheels somewhere aside, trims and byte-compiles them, and returns the files by their path. */
export async function wheelFiles(options: WheelOptions): Promise<Map<string, Uint8Array>> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-wheels-'));
  try {
    await install(folder, options);
    for (const path of await pathsOf(folder)) {
      if (options.trimmed.some((rule) => rule.path.test(path))) await rm(join(folder, path));
    }
    await byteCompile(folder, options.python);
    const files = new Map<string, Uint8Array>();
    for (const path of await pathsOf(folder)) files.set(path, await readFile(join(folder, path)));
    return files;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What byte code and native wheels depend on: `cpython-311 linux-x86_64`. */
export async function pythonTag(python: string): Promise<string> {
  const program = 'import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform())';
  try {
    return (await promisify(execFile)(python, ['-I', '-c', program])).stdout.trim();
  } catch (cause) {
    throw new UserError('python-unusable', `${python} is no usable Python`, 'name another one with --python', {
      cause,
    });
  }
}

async function install(folder: string, options: WheelOptions): Promise<void> {
  const { python, target, what, report } = options;
  const platform = target === 'cluster' ? CLUSTER_FLAGS : [];
  const failure = await pipInstall(
    python,
    ['--no-compile', '--target', folder, ...platform, ...options.arguments],
    report,
  );
  if (failure === undefined) return;
  throw new UserError(
    'python-packages',
    `cannot get ${what}: ${failure}`,
    'only wheels are taken; check the names and versions, and that pip reaches its package index',
  );
}

/**
 * Byte code saves a cold start over a second. "Unchecked hash" holds no time stamp, so that it is the same every time,
 * and is not compared with its source.
 */
async function byteCompile(folder: string, python: string): Promise<void> {
  const flags = ['-q', '-j', '0', '--invalidation-mode', 'unchecked-hash', '-s', folder];
  try {
    await promisify(execFile)(python, ['-I', '-m', 'compileall', ...flags, folder]);
  } catch (error) {
    // Exit 1: some file is no valid source (templates are). It is then imported as slowly as without.
    if ((error as { code?: unknown }).code !== 1) {
      throw new SystemError('python-failed', `${python} cannot byte-compile`, undefined, { cause: error });
    }
  }
}

/** All files below a folder, with `/` between the parts. */
async function pathsOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}
