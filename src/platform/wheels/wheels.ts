import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { named } from '../../base/counts.ts';
import { SystemError, UserError } from '../../base/errors.ts';
import { type Progress, silentReport } from '../../base/terminal/progress.ts';
import { mapParallel } from '../s3/parallel.ts';
import { pipInstall } from './run-pip.ts';

/**
 * The interpreter that will import the wheels: that of a cluster's containers, by version, or the one that runs pip.
 */
export type WheelTarget = 'native' | `3.${number}`;

/** Assumed for OpenWhisk's images. */
export const STOCK_PYTHON: WheelTarget = '3.11';

/** Manylinux tags that OpenWhisk's images accept, by minor version of glibc: pip does not derive one from another. */
const GLIBC_MINOR_MIN = 17;
const GLIBC_MINOR_MAX = 28;

/** Wheels for Linux, glibc, x86-64 and CPython, on any machine. */
function platformFlags(target: WheelTarget): string[] {
  if (target === 'native') return [];
  const glibcs = Array.from({ length: GLIBC_MINOR_MAX - GLIBC_MINOR_MIN + 1 }, (_, i) => GLIBC_MINOR_MAX - i);
  const platforms = [...glibcs.map((minor) => `manylinux_2_${minor}_x86_64`), 'manylinux2014_x86_64'];
  return [
    ...['--implementation', 'cp', '--python-version', target],
    ...[`cp${target.replace('.', '')}`, 'abi3', 'none'].flatMap((abi) => ['--abi', abi]),
    ...platforms.flatMap((platform) => ['--platform', platform]),
  ];
}

export interface WheelOptions {
  python: string;
  target: WheelTarget;
  /** Arguments of `pip install`: `-r`, `-c`, `--no-deps`. */
  arguments: readonly string[];
  /** Further arguments; if pip fails, the error names those without a wheel. */
  requirements?: readonly string[];
  /** For progress and errors: `the runtime's packages`. */
  what: string;
  report: Progress;
}

export interface TrimRule {
  /** Predicate on the path below the packages' folder. */
  path: RegExp;
  why: string;
}

/** A wheel, exactly. */
export interface Wheel {
  name: string;
  version: string;
  /** SHA-256 of the file, hex. */
  sha256: string;
}

/** pip's report of a planned installation (PyPA's installation report, version 1). */
interface InstallationReport {
  install: {
    metadata: { name: string; version: string };
    download_info: { archive_info: { hashes: { sha256: string } } };
  }[];
}

/** The wheels that requirements currently resolve to, with all dependencies, sorted by name. */
export async function resolveWheels(options: WheelOptions): Promise<Wheel[]> {
  return inFolder(async (folder) => {
    const file = join(folder, 'report.json');
    await install(join(folder, 'none'), options, ['--dry-run', '--ignore-installed', '--report', file]);
    const report = JSON.parse(await readFile(file, 'utf8')) as InstallationReport;
    return report.install
      .map(({ metadata: { name, version }, download_info: { archive_info } }) => ({
        name,
        version,
        sha256: archive_info.hashes.sha256,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  });
}

/** Installs wheels in a temporary folder, trims and byte-compiles them, and returns the files by path. */
export async function wheelFiles(
  options: WheelOptions & { trimmed: readonly TrimRule[] },
): Promise<Map<string, Uint8Array>> {
  return inFolder(async (folder) => {
    await install(folder, options, ['--no-compile']);
    for (const path of await pathsOf(folder)) {
      if (options.trimmed.some((rule) => rule.path.test(path))) await rm(join(folder, path));
    }
    await byteCompile(folder, options.python);
    const files = new Map<string, Uint8Array>();
    for (const path of await pathsOf(folder)) files.set(path, await readFile(join(folder, path)));
    return files;
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-wheels-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Platform of byte code and native wheels: `cpython-311 linux-x86_64`. */
export async function pythonTag(python: string): Promise<string> {
  const program = 'import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform())';
  try {
    return (await promisify(execFile)(python, ['-I', '-c', program])).stdout.trim();
  } catch (cause) {
    throw new UserError('python-unusable', `${python} is not a usable Python`, 'choose another one with --python', {
      cause,
    });
  }
}

async function install(folder: string, options: WheelOptions, flags: readonly string[]): Promise<void> {
  const { python, target, requirements = [], report } = options;
  const args = ['--target', folder, ...flags, ...platformFlags(target), ...options.arguments, ...requirements];
  const failure = await pipInstall(python, args, report);
  if (failure !== undefined) throw await noWheels(failure, folder, options);
}

/** Maximum number of pip processes at once; each needs a second of a core. */
const PIPS_MAX = 4;

/** Without pip's sentences, only installing each requirement by itself distinguishes a missing wheel from a conflict. */
async function noWheels(failure: string, folder: string, options: WheelOptions): Promise<UserError> {
  const { python, target, requirements = [], what } = options;
  const flags = ['--target', folder, '--dry-run', '--ignore-installed', '--no-deps', '--retries', '0'];
  const alone = await mapParallel(
    requirements,
    (requirement) => pipInstall(python, [...flags, ...platformFlags(target), requirement], silentReport),
    PIPS_MAX,
  );
  const unmet = requirements.filter((_, index) => alone[index] !== undefined);
  const platform = target === 'native' ? 'this Python and machine' : `Python ${target} on Linux (x86-64)`;
  const [reason, hint] =
    requirements.length === 0
      ? [undefined, 'check that pip reaches its package index; only wheels are supported']
      : unmet.length > 0
        ? [
            `pip gets no wheel of ${named(unmet)} for ${platform}`,
            'check name, version and network; packages without wheels need a custom image',
          ]
        : ["the requirements exclude each other, or nuvopipe's own", 'pin versions that are compatible'];
  const parts = [`cannot get ${what}`, ...(reason === undefined ? [] : [reason]), failure];
  return new UserError('python-packages', parts.join(': '), hint);
}

/**
 * Byte code saves over a second at a cold start. "Unchecked hash" contains no time stamp, so it is reproducible, and
 * is not compared with its source.
 */
async function byteCompile(folder: string, python: string): Promise<void> {
  const flags = ['-q', '-j', '0', '--invalidation-mode', 'unchecked-hash', '-s', folder];
  try {
    await promisify(execFile)(python, ['-I', '-m', 'compileall', ...flags, folder]);
  } catch (error) {
    // Exit 1: a file is not valid Python, for example a template. It is then imported without byte code.
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
