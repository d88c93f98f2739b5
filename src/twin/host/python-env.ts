import { execFile } from 'node:child_process';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SystemError, UserError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import { REQUIREMENTS_LOCK, S3_REQUIREMENTS_LOCK } from '../../base/package-files.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import { pipInstall } from '../../platform/wheels/run-pip.ts';
import { withLock } from './file-lock.ts';
import { homePaths } from './platform-state.ts';

/** obstore's wheels require it (`Requires-Python` of 0.12). */
const PYTHON_MIN = [3, 11] as const;

/** In order of preference: OpenWhisk's `python:3.11` kind runs 3.11. */
const PYTHON_CANDIDATES = ['python3.11', 'python3.12', 'python3.13', 'python3.14', 'python3'];

/** Names the interpreter to create the environments with. */
const PYTHON_VARIABLE = 'NUVOPIPE_PYTHON';

/** Interpreters of the local platform's Python environments. */
export interface PythonEnvironments {
  /** Runs the steps: Metaflow, obstore, boto3. */
  runtime: string;
  /** Runs the S3 server, whose needs conflict with the runtime's. */
  s3: string;
}

interface EnvironmentSpec {
  name: keyof PythonEnvironments;
  /** Purpose, as shown to users. */
  what: string;
  lockFile: string;
  /** Modules whose import proves that the environment is complete. */
  modules: string[];
}

const RUNTIME: EnvironmentSpec = {
  name: 'runtime',
  what: 'for the steps',
  lockFile: REQUIREMENTS_LOCK,
  modules: ['metaflow', 'obstore', 'boto3'],
};

const S3: EnvironmentSpec = {
  name: 's3',
  what: 'for the S3 server',
  lockFile: S3_REQUIREMENTS_LOCK,
  modules: ['ministack.app', 'hypercorn.asyncio'],
};

/**
 * The Python environments under a home: created if missing, recreated if broken or outdated, and otherwise only
 * checked, which needs no network.
 */
export async function ensurePython(home: string | undefined, report: Progress): Promise<PythonEnvironments> {
  const folder = homePaths(home).python;
  const [runtime, s3] = await Promise.all([usable(folder, RUNTIME), usable(folder, S3)]);
  if (runtime !== undefined && s3 !== undefined) return { runtime, s3 };
  return withLock(
    join(folder, 'lock'),
    () => makeMissing(folder, report),
    () => report.line('Another nuvopipe is creating the Python environments; waiting for it'),
  );
}

async function makeMissing(folder: string, report: Progress): Promise<PythonEnvironments> {
  await removeHalfMade(folder);
  // `allSettled`, because the lock must be held until all environments are finished.
  const [runtime, s3] = await Promise.allSettled([ensure(folder, RUNTIME, report), ensure(folder, S3, report)]);
  if (runtime.status === 'rejected') throw runtime.reason;
  if (s3.status === 'rejected') throw s3.reason;
  return { runtime: runtime.value, s3: s3.value };
}

const HALF_MADE = '.half-made';

async function removeHalfMade(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (entry.endsWith(HALF_MADE)) await rm(join(folder, entry), { recursive: true, force: true });
  }
}

async function ensure(folder: string, spec: EnvironmentSpec, report: Progress): Promise<string> {
  return (await usable(folder, spec)) ?? (await make(folder, spec, report));
}

/** The hash is written last, into a complete environment. */
const MARKER = 'nuvopipe.hash';

/** The interpreter of an existing environment with these pins whose modules can be imported. */
async function usable(folder: string, spec: EnvironmentSpec): Promise<string | undefined> {
  const place = join(folder, spec.name);
  const marker = await readFile(join(place, MARKER), 'utf8').catch(() => undefined);
  if (marker !== (await pinsHash(spec))) return undefined;
  const python = interpreterOf(place);
  return (await imports(python, spec.modules)) ? python : undefined;
}

async function pinsHash(spec: EnvironmentSpec): Promise<string> {
  return sha256(await readFile(spec.lockFile));
}

function interpreterOf(environment: string): string {
  return join(environment, 'bin', 'python');
}

/** On a cold disk Metaflow takes some seconds to import. */
const IMPORT_TIMEOUT_MS = 60_000;

async function imports(python: string, modules: string[]): Promise<boolean> {
  try {
    await run(python, ['-I', '-c', `import ${modules.join(', ')}`], { timeout: IMPORT_TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}

const run = promisify(execFile);

async function make(folder: string, spec: EnvironmentSpec, report: Progress): Promise<string> {
  const place = join(folder, spec.name);
  const draft = `${place}.${process.pid}${HALF_MADE}`;
  const started = Date.now();
  const base = await locatePython();
  report.line(`Making the Python environment ${spec.what} (once, with Python ${base.version}) in ${place}`);
  try {
    await makeVenv(base.path, draft);
    await installPins(interpreterOf(draft), spec, report);
    if (!(await imports(interpreterOf(draft), spec.modules))) {
      throw new SystemError(
        'python-environment',
        `the new Python environment ${spec.what} cannot import ${spec.modules.join(', ')}`,
        `use another interpreter: set ${PYTHON_VARIABLE} to the path of a Python 3.11`,
      );
    }
    await writeFile(join(draft, MARKER), await pinsHash(spec));
    await rm(place, { recursive: true, force: true });
    await rename(draft, place);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  report.line(`Made the one ${spec.what} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return interpreterOf(place);
}

async function makeVenv(python: string, place: string): Promise<void> {
  try {
    await run(python, ['-I', '-m', 'venv', place]);
  } catch (error) {
    throw new UserError(
      'python-without-venv',
      `${python} cannot create a virtual environment`,
      'install its venv module (on Debian and Ubuntu the package python3-venv)',
      { cause: error },
    );
  }
}

/** The lock file lists every package, so pip resolves nothing. pip byte-compiles. */
async function installPins(python: string, spec: EnvironmentSpec, report: Progress): Promise<void> {
  const failure = await pipInstall(python, ['--no-deps', '-r', spec.lockFile], report);
  if (failure === undefined) return;
  throw new UserError(
    'python-packages',
    `cannot install the Python packages ${spec.what}: ${failure}`,
    'the first use needs a package index: connect to the network, or configure a mirror for pip',
  );
}

interface BasePython {
  path: string;
  version: string;
}

/** Finds an interpreter that is new enough. */
export async function locatePython(env: NodeJS.ProcessEnv = process.env): Promise<BasePython> {
  const chosen = env[PYTHON_VARIABLE];
  const wanted = PYTHON_MIN.join('.');
  for (const candidate of chosen ? [chosen] : PYTHON_CANDIDATES) {
    const found = await describePython(candidate, env);
    if (found && isNewEnough(found.version)) return found;
  }
  if (chosen) {
    throw new UserError(
      'python-unusable',
      `${PYTHON_VARIABLE} is ${chosen}, which is not Python ${wanted} or newer`,
      `choose another interpreter, or unset ${PYTHON_VARIABLE}`,
    );
  }
  throw new UserError(
    'python-missing',
    `no Python ${wanted} or newer on the PATH`,
    `install Python ${wanted}, or set ${PYTHON_VARIABLE} to the path of one`,
  );
}

async function describePython(command: string, env: NodeJS.ProcessEnv): Promise<BasePython | undefined> {
  const program = 'import sys; print(sys.executable); print("%d.%d.%d" % sys.version_info[:3])';
  try {
    const [path, version] = (await run(command, ['-I', '-c', program], { env })).stdout.trim().split('\n');
    return path && version ? { path, version } : undefined;
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > PYTHON_MIN[0] || (major === PYTHON_MIN[0] && minor >= PYTHON_MIN[1]);
}
